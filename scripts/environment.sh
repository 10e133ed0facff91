# Sourced by the other scripts, from the project's root: makes .venv if it is missing and installs the project into it.
# The first argument names extras, such as "test,docs". Nothing outside the project is touched.

# A virtual environment whose making was cut short has no pip.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            python="$candidate"
            break
        fi
    done
    if [ -z "${python:-}" ]; then
        echo "expected Python 3.11, 3.12 or 3.13 on the PATH, found none: install one and run this again" >&2
        exit 1
    fi
    echo "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

# What an extra installed serves the scripts that need none, so that they can be run in turn.
wanted="$(cat setup.cfg pyproject.toml | cksum)"
stamp=".venv/installed${1:+-$1}"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "installing dcgan_tf${1:+ with the extras $1} into .venv (some minutes the first time)"
    # Python compiles what is used when it is first imported; to compile everything takes half a minute.
    # In this mode a folder called dcgan_tf, such as the clone itself, does not hide the package from scripts beside it.
    .venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check \
        --config-settings editable_mode=compat --editable ".${1:+[$1]}"
    echo "$wanted" | tee .venv/installed > "$stamp"
fi
