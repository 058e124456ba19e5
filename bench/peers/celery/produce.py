"""prepare | submit N | latency RATE N | check"""

import json
import os
import pickle
import sys
import time

from app import add, app

command, *args = sys.argv[1:]


def tell(**result):
    print("RESULT " + json.dumps(result), flush=True)


if command == "prepare":
    app.backend.ResultSession().close()
    tell()
elif command == "submit":
    with app.producer_pool.acquire(block=True) as producer:
        producer.connection.ensure_connection()
    start = time.time() * 1000
    for i in range(int(args[0])):
        add.apply_async((i, 1))
    tell(start=start, end=time.time() * 1000)
elif command == "latency":
    rate, n = int(args[0]), int(args[1])
    took = []
    start = time.time()
    for i in range(n):
        time.sleep(max(0, start + i / rate - time.time()))
        began = time.time()
        add.delay(i, 1).get(timeout=30, interval=0.005)
        took.append((time.time() - began) * 1000)
    tell(took=took)
elif command == "check":
    import psycopg2

    url = os.environ["RESULTS_URL"].removeprefix("db+")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select result from celery_taskmeta where status = 'SUCCESS'")
        values = [pickle.loads(bytes(value)) for (value,) in cursor.fetchall()]
    # The rows do not say which task they are of; n different right results have but one sum.
    n = len(values)
    tell(right=n if sum(values) == n * (n + 1) // 2 else -1)
else:
    raise SystemExit(f"no such command: {command}")
