# Keeps one server for the process that holds our standard input, and not a moment longer: end of file there,
# however that process came to its end, stops the server and removes its directory. Words come on standard input,
# one line answers each.
# Before this stands the server's recipe, which says how to `prepare` the directory $home and how to `serve` from
# it, and the signal that is its $farewell. $1: where its programs are.

trap '' HUP INT TERM PIPE
home=$(mktemp -d /tmp/comporta-neighbour-XXXXXXXX) || exit 1
trap 'rm -rf "$home"' EXIT
programs=$1
server=

if prepare >"$home/log" 2>&1 </dev/null; then
    echo "ready $home"
else
    cat "$home/log"
    exit 1
fi

while read -r word; do
    case $word in
    start)
        serve >>"$home/log" 2>&1 </dev/null &
        server=$!
        echo "$server"
        ;;
    reap)
        # A dead server keeps its number until waited for, and its lock file would pass for a living one's.
        wait "$server"
        server=
        echo reaped
        ;;
    esac
done

if [ -n "$server" ]; then
    kill -s "$farewell" "$server" 2>/dev/null
    wait "$server"
fi
