#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the service manager: prints each datagram that comes to the socket of that path, a line per assignment."""
import socket
import sys

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(65536).decode(), flush=True)
