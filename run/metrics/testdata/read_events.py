#!/usr/bin/env python3
"""Print what the real TensorBoard (2.21.0) reads in a folder of event files, as JSON: {tag: [[step, value, wall time], ...]}.

  python3 read_events.py FOLDER

TestTensorBoardReads runs it where python3 has the package. The files in example/ are what the same test compares bytes with.
"""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()
print(json.dumps({tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags["scalars"]}))
