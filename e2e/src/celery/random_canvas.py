#!/usr/bin/python3
"""Random canvases, each run twice: over the queues of both languages, and over Python's alone. Both must end the same.

  random_canvas.py --broker URL --backend redis://… --queues ts.q,py.q --reference py.q --seed 1 --count 40

Tasks are those of the conformance kit. Each task of a canvas whose id is known to its sender is compared: its state and its result. Where Python
leaves a task without an end (Celery 5.2 does that behind some failures), ours may end it as a failure, never as a success.
"""
import argparse
import json
import random
import re
import sys
import time

from celery import Celery, chain, chord, group, signature
from celery.canvas import xmap, xstarmap
from celery.result import GroupResult

ap = argparse.ArgumentParser()
ap.add_argument('--broker', required=True)
ap.add_argument('--backend', required=True)
ap.add_argument('--queues', required=True)
ap.add_argument('--reference', required=True)
ap.add_argument('--seed', type=int, default=1)
ap.add_argument('--count', type=int, default=40)
ap.add_argument('--at-once', type=int, default=100)
ap.add_argument('--settle', type=float, default=4, help='s without an end after which nothing more is expected')
ap.add_argument('--timeout', type=float, default=300, help='s for one round')
opt = ap.parse_args()

app = Celery('random_canvas', broker=opt.broker, backend=opt.backend)
app.conf.update(task_default_queue=opt.reference, result_expires=3600, broker_connection_retry_on_startup=True)
redis = app.backend.client
DEPTH = 4


class Maker:
    """Makes one canvas. The same seed gives the same shape, whatever the queues."""

    def __init__(self, seed, queues):
        self.shape = random.Random(f'shape {seed}')
        self.place = random.Random(f'place {seed}')
        self.queues = queues

    def sig(self, name, *args, immutable=False, **kw):
        made = signature('interop.' + name, args=args, kwargs=kw, app=app, immutable=immutable)
        return made.set(queue=self.place.choice(self.queues))

    def leaf(self, fed):
        r = self.shape
        kind = r.random()
        if kind < 0.06:
            return self.sig('fail', kind=r.choice(['ValueError', 'KeyError']), message=f'boom{r.randint(0, 9)}', immutable=True)
        if kind < 0.2 or not fed:
            return self.sig('add', r.randint(0, 9), r.randint(0, 9), immutable=True)
        if kind < 0.3:
            return self.sig('add', y=r.randint(0, 9))
        return self.sig(r.choice(['add', 'mul']), r.randint(0, 9))

    def mapped(self):
        r = self.shape
        items = [[r.randint(0, 9), r.randint(0, 9)] for _ in range(r.randint(1, 4))]
        queue = self.place.choice(self.queues)
        if r.random() < 0.5:
            return xstarmap(self.sig('add'), items, app=app).set(queue=queue)
        return xmap(self.sig('xsum'), items, app=app).set(queue=queue)

    def number(self, depth, fed):
        """What ends as a number."""
        r = self.shape
        kind = r.random()
        if depth <= 1 or kind < 0.2:
            return self.leaf(fed)
        if kind < 0.55:
            steps = [self.number(depth - 1, fed)]
            steps += [self.number(depth - 1, True) for _ in range(r.randint(1, 3))]
            return chain(*steps)
        if kind < 0.65:
            return chain(self.mapped(), self.sig('xsum'))
        header = [self.number(depth - 1, fed) for _ in range(r.randint(2, 4))]
        if r.random() < 0.3:
            header.append(group(self.leaf(fed) for _ in range(2)))
        body = self.sig('xsum')
        if r.random() < 0.25:
            body = chain(body, self.leaf(True))
        if r.random() < 0.3:
            body.link_error(self.sig('on_error'))
        return chord(header, body) if r.random() < 0.5 else chain(group(header), body)

    def canvas(self):
        r = self.shape
        made = self.number(DEPTH, False)
        kind = r.random()
        if kind < 0.2:
            made = chain(made, group(self.number(2, True) for _ in range(r.randint(1, 3))))
        elif kind < 0.3:
            made = group(self.number(2, False) for _ in range(r.randint(1, 4)))
        return made


def nodes(result, path='', seen=None):
    """(place, id) of every task whose id the sender knows, the last ones first."""
    seen = set() if seen is None else seen
    if result is None or id(result) in seen:
        return []
    seen.add(id(result))
    found = []
    if isinstance(result, GroupResult):
        for i, one in enumerate(result.results):
            found += nodes(one, f'{path}[{i}]', seen)
    else:
        found.append((path or '.', result.id))
    return found + nodes(result.parent, path + '^', seen)


# Celery 5.2 writes this over the error of a chord's last part, where the chord has failed and its body is a chain.
OVERWRITTEN = 'sequence item 1: expected a bytes-like object, NoneType found'
ID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')


def ends(ids):
    """The end of each task: state and value; None: it has none."""
    out = []
    for start in range(0, len(ids), 500):
        for text in redis.mget(['celery-task-meta-' + one for one in ids[start:start + 500]]):
            meta = json.loads(text) if text else {}
            state, value = meta.get('status'), meta.get('result')
            if state not in ('SUCCESS', 'FAILURE', 'REVOKED'):
                out.append(None)
            elif state == 'SUCCESS':
                out.append((state, value))
            else:
                # Python names the class of Celery's own errors the same; ids differ between the runs.
                out.append((state, value['exc_type'], ID.sub('ID', json.dumps(value['exc_message']))))
    return out


def run(seeds, queues):
    """Runs canvases side by side, until nothing more ends."""
    sent = [nodes(Maker(seed, queues).canvas().apply_async()) for seed in seeds]
    ids = [one for found in sent for _, one in found]
    began = changed = time.time()
    count = -1
    while True:
        state = ends(ids)
        done = sum(one is not None for one in state)
        if done != count:
            count, changed = done, time.time()
        if done == len(ids) or time.time() - changed > opt.settle:
            break
        if time.time() - began > opt.timeout:
            raise SystemExit(f'TIMEOUT {done} of {len(ids)} tasks have ended')
        time.sleep(0.2)
    by_id = dict(zip(ids, state))
    return [[(place, by_id[one], one) for place, one in found] for found in sent]


differ = tasks = failed = unended = 0
seeds = [opt.seed * 1_000_003 + i for i in range(opt.count)]
for at in range(0, len(seeds), opt.at_once):
    part = seeds[at:at + opt.at_once]
    for seed, wanted, got in zip(part, run(part, [opt.reference]), run(part, opt.queues.split(','))):
        if [place for place, _, _ in wanted] != [place for place, _, _ in got]:
            raise SystemExit(f'the two canvases of seed {seed} are not of one shape')
        for (place, want, _), (_, have, task) in zip(wanted, got):
            tasks += 1
            failed += want is not None and want[0] != 'SUCCESS'
            unended += want is None
            if want is None or OVERWRITTEN in str(want):
                same = (have is None and want is None) or (have is not None and have[0] == 'FAILURE')
            elif OVERWRITTEN in str(have):
                same = want[0] == 'FAILURE'
            else:
                same = have == want
            if not same:
                differ += 1
                print(f'DIFFERS seed {seed} at {place} ({task}): Python {want}, both {have}')
                if differ == 1:
                    print(f'  {Maker(seed, [opt.reference]).canvas()!r}'[:2000])
print(f'RESULT canvases={len(seeds)} tasks={tasks} failed={failed} unended={unended} differ={differ}')
sys.exit(1 if differ else 0)
