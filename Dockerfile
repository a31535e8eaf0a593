# The node's image. No compiler and no pip in the last stage, a user without rights, one volume a process.

FROM python:3.11-slim-bookworm AS dependencies
WORKDIR /build
COPY pyproject.toml docker/requirements.py ./
RUN python requirements.py > requirements.txt \
    && python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --only-binary :all: --quiet --requirement requirements.txt

FROM dependencies AS contracts
RUN python requirements.py compiler > compiler.txt \
    && python -m pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --quiet --target /opt/compiler --requirement compiler.txt
COPY contracts contracts
RUN PYTHONPATH=/opt/compiler:/build /opt/venv/bin/python -m contracts.compile

FROM dependencies AS tree
WORKDIR /opt/openledger
COPY --from=contracts /build/contracts contracts
COPY state state
COPY rollup rollup
COPY p2p p2p
COPY rpc rpc
COPY client client
COPY node node
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin openledger \
    && install --directory --owner openledger --group openledger --mode 0700 /data /keys /password \
    && install --directory --owner openledger --group openledger /network
COPY --from=dependencies /opt/venv /opt/venv
COPY docker/openledger.py /opt/venv/bin/openledger
COPY --from=tree /opt/openledger /opt/openledger
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/openledger PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER openledger
WORKDIR /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["openledger", "health", "--alive"]
ENTRYPOINT ["openledger"]
CMD ["--help"]
