"""Programs that take: time, memory, processes, disk, output, and the judge's patience with what they return."""

from __future__ import annotations

from tests.hostile.case import STDIN, Case, some

_LATE = some("timed_out")
_BAD_VALUE = some("crashed", "wrong", "refused_by_sandbox")

_REFUSED = some("refused_by_sandbox")
MEMORY = [
    Case("memory_in_children", """
import os, time
def add(a, b):
    for _ in range(6):
        if os.fork() == 0:
            hold = bytearray(b'x') * (300 << 20)
            time.sleep(60)
    time.sleep(60)
""", _REFUSED, confined=some("refused_by_sandbox", "crashed")),
    Case("memory_in_children_of_a_second_thread", """
import os, threading, time
def start():
    for _ in range(6):
        if os.fork() == 0:
            hold = bytearray(b'x') * (300 << 20)
            time.sleep(60)
    time.sleep(60)
threading.Thread(target=start, daemon=True).start()
time.sleep(60)
""", _REFUSED, levels=some("full")),
    Case("memory_of_processes_without_a_first_thread", """
import ctypes, os, platform, threading, time
exit_alone = ctypes.c_long(60 if platform.machine() == 'x86_64' else 93)
def take():
    global hold
    time.sleep(0.1)
    hold = bytearray(b'x') * (300 << 20)
    time.sleep(60)
for _ in range(6):
    if os.fork() == 0:
        threading.Thread(target=take).start()
        ctypes.CDLL(None).syscall(exit_alone, 0)
time.sleep(60)
""", _REFUSED, levels=some("full")),
    Case("memory_under_the_limit_of_one_process", """
import time
def add(a, b):
    hold = [bytearray(b'x') * (180 << 20) for _ in range(6)]
    time.sleep(60)
""", _REFUSED),
    Case("shared_memory_in_children", """
import mmap, os, time
def add(a, b):
    for _ in range(6):
        if os.fork() == 0:
            hold = mmap.mmap(-1, 300 << 20)
            for place in range(0, len(hold), 4096): hold[place] = 1
            time.sleep(60)
    time.sleep(60)
""", _REFUSED, levels=some("full")),
    Case("shared_memory_of_one", """
import mmap, time
def add(a, b):
    hold = mmap.mmap(-1, 1600 << 20)
    for place in range(0, len(hold), 4096): hold[place] = 1
    time.sleep(60)
""", _REFUSED),
]
"""What takes more memory than it may, and then only holds it. To be given a limit in which even a busy machine hands
out a gigabyte."""
PROGRAMS = [
    Case("loops", "def add(a, b):\n    while True: pass\n", _LATE),
    Case("sleeps", "import time\ntime.sleep(60)\n", _LATE),
    Case("swallows_the_alarm", """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
def add(a, b):
    while True:
        try:
            while True: pass
        except BaseException: pass
""", _LATE),
    Case("fakes_the_clock", """
import time
time.time = time.monotonic = time.perf_counter = lambda: 0.0
def add(a, b):
    while True: pass
""", _LATE),
    Case("one_long_c_call", "def add(a, b): return sum(range(10 ** 12))\n", _LATE),
    Case("stops_itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n", _LATE),
    Case("thread_that_never_ends", """
import threading, time
a, b = map(int, input().split())
print(a + b, flush=True)
threading.Thread(target=time.sleep, args=(60,)).start()
""", _LATE, STDIN),
    Case("forks_without_end", """
import os
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            import time; time.sleep(60); os._exit(0)
        children += 1
except OSError: pass
def add(a, b): return a + b if children > 100 else 0
""", some("wrong")),
    Case("threads_without_end", """
import threading
gate, count = threading.Event(), 0
try:
    while count < 2000:
        threading.Thread(target=gate.wait, daemon=True).start()
        count += 1
except RuntimeError: pass
def add(a, b): return a + b if count > 1000 else 0
""", some("wrong", "crashed")),
    Case("memory", "def add(a, b): return len(bytearray(3 << 30))\n", some("crashed")),
    Case("memory_of_the_kernel", """
import os, socket, time
def add(a, b):
    for _ in range(50):
        if os.fork() == 0:
            keep = []
            try:
                while True:
                    keep.append(socket.socketpair())
                    for one in keep[-1]:
                        one.setblocking(False)
                        try:
                            while True: one.send(b'x' * 65536)
                        except BlockingIOError: pass
            except OSError: time.sleep(20)
            os._exit(0)
    time.sleep(20)
""", some("refused_by_sandbox"), levels=some("full")),
    Case("five_thousand_descriptors", """
import os
count = 0
try:
    while count < 5000: os.dup(1); count += 1
except OSError: pass
def add(a, b): return a + b if count >= 5000 else 0
""", some("wrong", "crashed")),
    Case("pipes_full", """
import os
count = 0
try:
    while count < 5000:
        read, write = os.pipe()
        os.set_blocking(write, False)
        os.write(write, b'x' * 65536); count += 1
except OSError: pass
def add(a, b): return 0
""", some("wrong", "crashed")),
    Case("one_big_file", """
with open('big', 'wb') as file:
    for _ in range(64): file.write(b'x' * (1 << 20))
def add(a, b): return a + b
""", some("refused_by_sandbox", "crashed")),
    Case("many_files", """
made = 0
try:
    for number in range(6000):
        open('f%d' % number, 'w').close()
        made += 1
except OSError: pass
def add(a, b): return a + b if made >= 6000 else 0
""", some("wrong"), levels=some("full")),
    Case("disk_full", """
made = 0
try:
    for number in range(12):
        with open('f%d' % number, 'wb') as file: file.write(b'x' * (15 << 20))
        made += 1
except OSError: pass
def add(a, b): return a + b if made >= 12 else 0
""", some("wrong"), levels=some("full")),
    Case("output_flood", """
import sys
while True: sys.stdout.write('x' * (1 << 20))
""", some("refused_by_sandbox", "crashed", "wrong"), STDIN),
    Case("output_a_little_too_long", "print('5 ' * 600000)\n", some("wrong"), STDIN),
    Case("returns_300_mb", "def add(a, b): return 'x' * (300 << 20)\n", _BAD_VALUE),
    Case("returns_300_mb_of_bytes", "def add(a, b): return bytes(300 << 20)\n",
         some("crashed", "wrong", "refused_by_sandbox", "timed_out")),
    Case("returns_a_wide_tuple", "def add(a, b): return (0,) * 25_000_000\n", some("crashed", "wrong",
                                                                                 "refused_by_sandbox", "timed_out")),
    Case("returns_many_keys", "def add(a, b): return dict.fromkeys(range(3_000_000), 5)\n",
         some("crashed", "wrong", "refused_by_sandbox", "timed_out")),
    Case("returns_doubled_lists", """
def add(a, b):
    value = [0]
    for _ in range(60): value = [value, value]
    return value
""", some("crashed", "wrong", "refused_by_sandbox", "timed_out")),
    Case("returns_a_range_of_everything", "def add(a, b): return range(10 ** 18)\n", _BAD_VALUE),
    Case("returns_something_deep", """
def add(a, b):
    value = []
    for _ in range(100000): value = [value]
    return value
""", _BAD_VALUE),
    Case("returns_a_cycle", "def add(a, b):\n    value = []\n    value.append(value)\n    return value\n", _BAD_VALUE),
    Case("returns_a_huge_int", "def add(a, b): return 1 << 4000000\n", _BAD_VALUE),
    Case("returns_a_decimal_bomb",
         "from decimal import Decimal\ndef add(a, b): return Decimal('1e999999999')\n", _BAD_VALUE),
    Case("returns_endless", "import itertools\ndef add(a, b): return itertools.count()\n", _BAD_VALUE),
    Case("returns_colliding_hashes", "def add(a, b): return {n * ((1 << 61) - 1) for n in range(6000)} or 0\n",
         some("wrong", "timed_out")),
    Case("answers_with_colliding_hashes", """
import os, struct
def add(a, b):
    body = ('{"r": {"s": [' + ','.join('{"i": "%x"}' % (n * ((1 << 61) - 1)) for n in range(40000)) + ']}}').encode()
    os.write(3, struct.pack('<I', len(body)) + body)
    import time; time.sleep(1)
""", some("wrong", "timed_out")),
    Case("raises_a_book", "def add(a, b): raise ValueError('\\x1b[2J\\0' * 10 ** 7)\n", some("crashed")),
    Case("raises_what_hangs", """
class E(Exception):
    def __str__(self):
        while True: pass
def add(a, b): raise E()
""", _LATE),
    Case("half_a_message", """
import os, struct, time
def add(a, b):
    os.write(3, struct.pack('<I', 100) + b'{')
    time.sleep(60)
""", _LATE),
    Case("last_words_of_megabytes", """
import sys
sys.stderr.write('[' * (15 << 20))
raise ValueError('["x' * 1000)
""", some("crashed", "refused_by_sandbox"), STDIN),
    Case("error_output_flood", "import sys\nwhile True: sys.stderr.write('x' * (1 << 20))\n",
         some("refused_by_sandbox", "crashed"), STDIN),
    Case("a_line_of_a_megabyte", "print('5' * 1000000)\n", some("wrong"), STDIN),
    Case("a_number_of_many_digits", "print('1e' + '9' * 100000)\n", some("wrong"), STDIN),
    Case("many_empty_lines", "print('\\n' * 900000 + '5')\n", some("wrong"), STDIN),
    Case("source_of_a_megabyte", "x = 0\n" * 170000, some("crashed", "timed_out")),
    Case("source_too_long", "x = 0\n" * 180000, some("refused_by_sandbox")),
    Case("source_of_lambdas", "x = " + "lambda: " * 3000 + "0\n", some("crashed")),
    Case("source_of_one_power", "x = 2 ** 2 ** 2 ** 2 ** 2 ** 2 ** 2\n", some("crashed", "timed_out")),
    Case("source_with_a_surrogate", "x = '\ud800'\n", some("crashed")),
    Case("source_of_tabs_and_spaces", "if True:\n\tx = 1\n        y = 2\n", some("crashed")),
    Case("source_with_nul", "def add(a, b): return 0\n\0", some("crashed")),
    Case("source_nested", "x = " + "(" * 5000 + ")" * 5000, some("crashed")),
    Case("source_of_minus_signs", "x = " + "-" * 60000 + "1\n", some("crashed")),
]
