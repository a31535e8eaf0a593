"""`python -m node` is `openledger`."""

from node.cli import main

if __name__ == "__main__":
    main()
