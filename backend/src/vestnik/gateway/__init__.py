"""The process that only holds sockets: same core, same node, same rules as under an ASGI server, on picows."""
