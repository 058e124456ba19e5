"""Real Celery's remote control and event receiver, driven over stdin: a JSON line in, `answer <call> <json>` out; `event <json>` for each event."""
import json
import sys
import threading

from celery import Celery

broker, node = sys.argv[1:3]
app = Celery('tools', broker=broker, backend='rpc://')
lock = threading.Lock()


def say(kind, value):
    with lock:
        print(kind, json.dumps(value), flush=True)


def receive():
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={'*': lambda event: say('event', event)})
        with lock:
            print('ready', flush=True)
        receiver.capture(limit=None, timeout=None, wakeup=True)


threading.Thread(target=receive, daemon=True).start()
for line in sys.stdin:
    asked = json.loads(line)
    args = asked['args']
    to = {'destination': [node]}
    if 'pattern' in args:
        to = {'pattern': args.pop('pattern'), 'matcher': args.pop('matcher')}
    replies = app.control.broadcast(asked['method'], arguments=args, reply=True, timeout=2, limit=1, **to)
    say('answer %d' % asked['call'], replies[0][node] if replies else None)
