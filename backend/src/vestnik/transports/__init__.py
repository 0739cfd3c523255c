"""Ways to move bytes: each knows sockets and handshakes, none knows what is sent."""
