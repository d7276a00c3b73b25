"""What most programs do, done once in the worker before anything is forked from it.

The interpreter notes what it finds: where a type keeps a method, which names ``print`` takes, that a type has not been
changed. Each such note is a write, and costs every process that makes it anew a page; noted here, it is there for all.
"""

# ruff: noqa: PTH123
# files that have no name

from __future__ import annotations

import sys

from evaluators.sandbox import descriptors

_GIVEN = b"3 1\n2 5\na b c\n\n1\n2\n"
_SCRIPT = """
import sys, collections, heapq, itertools, math, bisect, functools
n, k = map(int, sys.stdin.readline().strip().split())
x, y = [int(word) for word in input().split()]
text = input().rstrip()
for line in sys.stdin: line.rstrip()
sys.stdin.read().splitlines(); sys.stdin.readlines(); sys.stdin.buffer.read().split()
class Node:
    def __init__(self, value, *more, key=None): self.value = value
    def __lt__(self, other): return self.value < other.value
def main(items):
    found = {}
    for index, item in enumerate(items):
        found[item] = found.get(item, 0) + index
    found.setdefault(n, []); found.items(); found.keys(); found.values(); found.pop(n, None)
    try: found[-1]
    except KeyError as error: str(error)
    queue = collections.deque([n]); queue.append(n); queue.popleft()
    groups = collections.defaultdict(list); groups[n].append(n); collections.Counter(items).most_common(1)
    heap = [Node(2), Node(1)]; heapq.heapify(heap); heapq.heappush(heap, Node(0)); heapq.heappop(heap)
    rows = [[0] * n for _ in range(n)]; rows.sort(key=len, reverse=True); rows.append([]); rows.pop()
    seen = set(items); seen.add(n); seen.discard(n); seen | {1}
    pairs = list(zip(items, reversed(items))); any(pairs); all(pairs); sorted(pairs)
    bisect.bisect_left(items, 1); list(itertools.accumulate(items)); math.gcd(2, 4); round(1.5); float('inf')
    functools.lru_cache(None)(lambda number: number)(1)
    said = f'{n} {1.5:.2f}' + '%d %s' % (n, 'a') + '{}'.format(1) + 'abc'[::-1] + chr(ord('a') + 1)
    said.replace('a', 'b').find('b'); said.isdigit(); said.count('a'); said.startswith('a'); said.upper().lower()
    return sum(number * 2 // 3 % 7 for number in range(n)) + max(1, 2) + min([3, 4]) + abs(-1) + 10 ** 9
print(main([1, 2, 3]), *[1, 2], sep=' ', end='\\n', file=sys.stdout, flush=False)
print('\\n'.join(map(str, [1, 2])), 1.5, True, None, [1], (2,), {3: 4}, {5})
sys.stdout.write('x\\n')
sys.stdout.flush()
"""


def rehearse() -> None:
    """Leaves nothing behind but what the interpreter has noted."""
    before = sys.stdin, sys.stdout
    given, taken = descriptors.memory_file("stdin", _GIVEN), descriptors.memory_file("stdout")
    with open(given, encoding="utf-8") as sys.stdin, open(taken, "w", encoding="utf-8") as sys.stdout:
        exec(compile(_SCRIPT, "rehearsal", "exec"), {"__name__": "rehearsal"})  # noqa: S102 - our own
    sys.stdin, sys.stdout = before
