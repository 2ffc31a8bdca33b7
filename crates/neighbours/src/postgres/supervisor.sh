# Keeps one PostgreSQL cluster for the process that holds our standard input, and not a moment longer: end of
# file there, however that process came to its end, stops the server and removes the directory.
# $1: the folder of PostgreSQL's programs. Words come on standard input, one line answers each.

trap '' HUP INT TERM PIPE
home=$(mktemp -d /tmp/comporta-postgres-XXXXXXXX) || exit 1
trap 'rm -rf "$home"' EXIT
server=

if "$1/initdb" --pgdata "$home/data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 \
    --no-sync --no-instructions >"$home/log" 2>&1 </dev/null; then
    echo "ready $home"
else
    cat "$home/log"
    exit 1
fi

while read -r word; do
    case $word in
    start)
        "$1/postgres" -D "$home/data" >>"$home/log" 2>&1 </dev/null &
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
    kill -s QUIT "$server" 2>/dev/null # an immediate shutdown: the data is about to go
    wait "$server"
fi
