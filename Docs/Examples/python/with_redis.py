"""IDs from leafd with redis-py (python3-redis). Run: python3 with_redis.py [SOCKET [TAG]]"""
import sys

import redis

leafd = redis.Redis(unix_socket_path=(sys.argv[1:] or ["/run/leafd/leafd.sock"])[0])
tag = (sys.argv[2:] or ["orders"])[0]
print(leafd.incr(tag))
print(*leafd.execute_command("NEXT", tag, 3))
