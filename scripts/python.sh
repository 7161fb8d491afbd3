#!/bin/sh
# Prints a Python that can run Pressroom, or one sentence that says what to do.
# PYTHON=/path/to/python in the environment goes first.

wanted='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
seen=""
without=""

for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
    found=$(command -v "$name" 2>/dev/null) || continue
    version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$found" -c "$wanted" 2>/dev/null; then
        seen="${seen:+$seen, }$name is $version"
    elif ! "$found" -c 'import venv, ensurepip' 2>/dev/null; then
        without="${without:-$name $version}"
    else
        echo "$found"
        exit 0
    fi
done

if [ -n "$without" ]; then
    set -- $without
    echo "$1 has no venv module: install it (Debian, Ubuntu: apt install python$2-venv) and run this again." >&2
else
    echo "Pressroom needs Python 3.11, 3.12 or 3.13 (${seen:-none found}): install one, or name it with PYTHON=/path/to/python." >&2
fi
exit 1
