"""Delays and loses what leaves by an interface of the container that this one shares its network with, until SIGTERM.

    slow_link.py INTERFACE MILLISECONDS PERCENT SEED

By tc's netem where the kernel has it. Elsewhere iptables hands each packet to this process (NFQUEUE), which drops it or
lets it go when its time has come: the same link, with the losses that the seed says.
"""

import heapq
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

NETLINK_NETFILTER = 12
QUEUE_SUBSYSTEM = 3 << 8
PACKET, VERDICT, CONFIG = 0, 1, 2
"""Messages of nfnetlink_queue."""
PACKET_HEADER, VERDICT_HEADER = 1, 2
COMMAND, PARAMETERS, LONGEST = 1, 2, 3
BIND, COPY_META = 1, 1
DROP, ACCEPT = 0, 1
REQUEST = 1
QUEUE = 0
HELD = 100_000


def attribute(kind: int, data: bytes) -> bytes:
    padded = data + bytes(-len(data) % 4)
    return struct.pack("=HH", 4 + len(data), kind) + padded


def message(kind: int, attributes: bytes) -> bytes:
    body = struct.pack(">BBH", socket.AF_UNSPEC, 0, QUEUE) + attributes
    return struct.pack("=LHHLL", 16 + len(body), QUEUE_SUBSYSTEM | kind, REQUEST, 0, 0) + body


def packet_ids(data: bytes) -> list[int]:
    """The ids of the packets in what netlink gave."""
    found = []
    while len(data) >= 20:
        length, kind = struct.unpack_from("=LH", data)
        if kind == QUEUE_SUBSYSTEM | PACKET:
            place = 20
            while place + 4 <= length:
                size, name = struct.unpack_from("=HH", data, place)
                if name & 0x7FFF == PACKET_HEADER:
                    found.append(struct.unpack_from(">L", data, place + 4)[0])
                place += size + (-size % 4)
        data = data[length + (-length % 4) :]
    return found


def hold_packets(delay: float, loss: float, seed: int) -> None:
    """Every packet of the queue, late or not at all; for ever."""
    draw = random.Random(seed)
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    link.bind((0, 0))
    link.send(message(CONFIG, attribute(COMMAND, struct.pack(">BBH", BIND, 0, socket.AF_INET))))
    link.send(message(CONFIG, attribute(PARAMETERS, struct.pack(">LB", 0, COPY_META))))
    link.send(message(CONFIG, attribute(LONGEST, struct.pack(">L", HELD))))
    print("slow by packets that are held", flush=True)
    waiting: list[tuple[float, int]] = []
    while True:
        left = waiting[0][0] - time.monotonic() if waiting else None
        readable, _, _ = select.select([link], [], [], None if left is None else max(0.0, left))
        if readable:
            for packet in packet_ids(link.recv(1 << 16)):
                if draw.random() < loss:
                    decide(link, packet, DROP)
                else:
                    heapq.heappush(waiting, (time.monotonic() + delay, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            decide(link, heapq.heappop(waiting)[1], ACCEPT)


def decide(link: socket.socket, packet: int, verdict: int) -> None:
    link.send(message(VERDICT, attribute(VERDICT_HEADER, struct.pack(">LL", verdict, packet))))


def main() -> None:
    interface, delay, loss, seed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    netem = ["netem", "delay", f"{delay}ms", "loss", f"{loss}%"]
    rule = ["OUTPUT", "-o", interface, "-j", "NFQUEUE", "--queue-num", str(QUEUE), "--queue-bypass"]
    if subprocess.run(["tc", "qdisc", "add", "dev", interface, "root", *netem], check=False).returncode == 0:
        print("slow by netem", flush=True)
        try:
            signal.pause()
        finally:
            subprocess.run(["tc", "qdisc", "del", "dev", interface, "root"], check=True)
    subprocess.run(["iptables", "-A", *rule], check=True)
    try:
        hold_packets(delay / 1000, loss / 100, seed)
    finally:
        subprocess.run(["iptables", "-D", *rule], check=True)


main()
