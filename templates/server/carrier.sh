#!/usr/bin/env bash
# Makes this machine ready for your notebooks. Everything that it does stands below, with the reasons.
#   bash FILE --check     shows what would change, and changes nothing
#   bash FILE             does it, as root;  --undo takes it back;  --explain says why
# bash reads a block in braces to its end before it runs any of it: half a file does nothing at all.
# Whoever types "sh FILE" gets bash.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
{
if [ "${BASH_SOURCE[0]-$0}" != "$0" ]; then
    echo "Not with source, which would end this shell: sudo bash FILE" >&2
    return 1
fi
set -eu
setup() {
exec cat <<'END_OF_SETUP'
@setup.sh@
END_OF_SETUP
}
TEXT_OF_SETUP=$(setup)
if [ "$(exec sha256sum <<<"$TEXT_OF_SETUP")" != "@sha256@  -" ] && [ "${FASTCOMPANION_EDITED:-}" != yes ]; then
    echo '{"step":"all","state":"failed","note":"this script is not as it was made; if you changed it yourself, set FASTCOMPANION_EDITED=yes"}'
    exit 1
fi
# Nothing inside may read on from where this text came from.
eval "$TEXT_OF_SETUP" </dev/null
exit
}
