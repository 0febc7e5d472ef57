# SPDX-License-Identifier: Apache-2.0
"""Stands before a PostgreSQL server and ends TLS there, as balancers do: what the server says in pieces of 8 KiB goes on in records of 16 KiB.

Usage: tls_proxy.py CERTIFICATE KEY SOCKET-OF-THE-SERVER; prints its port
"""
import socket
import ssl
import sys
import threading
import time

RECORD = 16384
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


def to_server(client, server, lock):
    """One thread reads and another writes, which OpenSSL takes only by turns; so this one asks without waiting."""
    while True:
        with lock:
            try:
                data = client.recv(RECORD)
            except ssl.SSLWantReadError:
                data = None
        if data == b"":
            server.shutdown(socket.SHUT_RDWR)
            return
        if data is None:
            time.sleep(0.001)
        else:
            server.sendall(data)


def to_client(client, server, lock):
    """What came within a moment goes together."""
    server.settimeout(0.02)
    held = b""
    while True:
        try:
            data = server.recv(1 << 20)
            held += data
        except TimeoutError:
            data = None
        while len(held) >= RECORD or held and not data:
            send(client, held[:RECORD], lock)
            held = held[RECORD:]
        if data == b"":
            client.close()
            return


def send(client, record, lock):
    while True:
        with lock:
            try:
                client.send(record)
                return
            except ssl.SSLWantWriteError:
                pass
        time.sleep(0.001)


def serve(client, context, address):
    if client.recv(len(SSL_REQUEST), socket.MSG_WAITALL) != SSL_REQUEST:
        client.close()
        return
    client.sendall(b"S")
    client = context.wrap_socket(client, server_side=True)
    client.setblocking(False)
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    lock = threading.Lock()
    for turn in to_server, to_client:
        threading.Thread(target=turn, args=(client, server, lock), daemon=True).start()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, context, sys.argv[3]), daemon=True).start()


main()
