"""Runs the `solution` of a file as a filter."""

import runpy
import sys

solution = runpy.run_path(sys.argv[1])["solution"]
sys.stdout.buffer.write(solution(sys.stdin.buffer.read()))
