"""The far end of celery.spec.ts: a real Celery, without a broker.

Reads one JSON document from stdin, {"messages": [...], "results": [...]}, and prints one:
what Celery made of our messages and results, and messages and results of its own for us to read.
Binary bodies travel as base64.
"""
import base64
import datetime
import decimal
import json
import sys
import uuid

import celery
from celery import Celery
from celery.backends.rpc import RPCBackend
from celery.worker.request import Request
from kombu import compression, serialization
from kombu.message import Message

app = Celery('peer', broker='memory://', backend='cache+memory://')
app.conf.update(task_always_eager=False, enable_utc=True)


@app.task(name='peer.seen', bind=True)
def seen(self, *args, **kwargs):
    request = self.request
    return {
        'args': list(args), 'kwargs': kwargs, 'id': request.id, 'root_id': request.root_id,
        'parent_id': request.parent_id, 'retries': request.retries, 'timelimit': request.timelimit,
        'correlation_id': request.correlation_id, 'reply_to': request.reply_to, 'group': request.group,
        'callbacks': request.callbacks, 'chain': request.chain, 'shadow': request.shadow,
    }


@app.task(name='peer.add')
def add(x, y):
    return x + y


app.finalize()


class Channel:
    """As much of a channel as a message needs to be acked."""

    no_ack_consumers = set()

    def basic_ack(self, *args, **kwargs):
        pass

    def basic_reject(self, *args, **kwargs):
        pass


def run(message):
    """Has Celery's worker code read and run one of our messages."""
    received = Message(
        body=base64.b64decode(message['body']), channel=Channel(), delivery_tag='1',
        content_type=message['contentType'], content_encoding=message['contentEncoding'],
        headers=message['headers'], accept=['application/json'], delivery_info={'exchange': '', 'routing_key': 'q'},
        properties={'correlation_id': message['correlationId'], 'reply_to': message.get('replyTo') or ''},
    )
    request = Request(received, app=app, hostname='peer@test', on_ack=lambda *a, **k: None)
    returned = request.execute()
    return {
        'returned': error(returned.exception) if hasattr(returned, 'exception') else plain(returned),
        'eta': request.eta.isoformat() if request.eta else None,
        'expires': request.expires.isoformat() if request.expires else None,
        'time_limits': list(request.time_limits), 'ignore_result': request.ignore_result, 'name': request.name,
        'argsrepr': request.argsrepr, 'kwargsrepr': request.kwargsrepr,
    }


def plain(value):
    return json.loads(serialization.dumps(value, serializer='json')[2])


def error(exc):
    # Billiard 4 wraps it, with the text of its traceback; what a result backend is given is the one inside.
    exc = getattr(exc, 'exc', exc)
    return {'module': type(exc).__module__, 'type': type(exc).__name__, 'args': plain(list(exc.args))}


def read_result(text):
    """What AsyncResult.get() would have of a result of ours."""
    meta = app.backend.meta_from_decoded(json.loads(text))
    result = meta['result']
    failed = isinstance(result, BaseException)
    return {'status': meta['status'], 'id': meta['task_id'], 'result': None if failed else result,
            'error': error(result) if failed else None, 'traceback': meta['traceback']}


def message(made, compress=None):
    content_type, encoding, body = serialization.dumps(made.body, serializer='json')
    headers = dict(made.headers)
    body = body.encode() if isinstance(body, str) else body
    if compress:
        body, headers['compression'] = compression.compress(body, compress)
    return {'headers': headers, 'contentType': content_type, 'contentEncoding': encoding,
            'correlationId': made.properties['correlation_id'], 'replyTo': made.properties['reply_to'],
            'body': base64.b64encode(body).decode()}


def own_messages():
    when = datetime.datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)
    make = app.amqp.as_task_v2
    typed = {'u': uuid.UUID(int=10), 'd': decimal.Decimal('1.5'), 't': when, 'dt': when.date()}
    link = add.s(10)
    return {
        'plain': message(make('id-1', 'peer.add', (2, 3), {}, reply_to='inbox')),
        'full': message(make('id-2', 'peer.add', (2,), {'y': 3}, eta=when, expires=when, time_limit=30, soft_time_limit=20,
                             retries=2, root_id='root', parent_id='parent', shadow='pretty', group_id='g')),
        'typed': message(make('id-3', 'peer.add', (), typed)),
        'canvas': message(make('id-4', 'peer.add', (1, 2), {}, callbacks=[link], chain=[add.s(3)], chord=add.s())),
        'compressed': message(make('id-5', 'peer.add', ('x' * 5000,), {}), 'zlib'),
        'unicode': message(make('id-6', 'peer.add', ('Liebstöckel 🌿', '\x00'), {})),
        'nan': message(make('id-7', 'peer.add', (float('nan'),), {})),
        'version1': message(app.amqp.as_task_v1('id-8', 'peer.add', (2, 3), {}, eta=when, retries=1, time_limit=5)),
    }


def own_results():
    backend = RPCBackend(app, url='rpc://')
    texts = {}
    for name, state, result in [('ok', 'SUCCESS', {'a': [1, None]}), ('boom', 'FAILURE', ValueError('no', 7)),
                                ('again', 'RETRY', KeyError('k')), ('meta', 'PROGRESS', {'current': 1})]:
        failed = isinstance(result, BaseException)
        encoded = backend.encode_result(result, state) if failed else result
        meta = backend._to_result('id', state, encoded, 'Traceback' if failed else None, None)
        texts[name] = serialization.dumps(meta, serializer='json')[2]
    return texts


given = json.load(sys.stdin)
json.dump({
    'version': celery.__version__,
    'ran': [run(one) for one in given['messages']],
    'read': [read_result(text) for text in given['results']],
    'messages': own_messages(), 'results': own_results(),
}, sys.stdout)
