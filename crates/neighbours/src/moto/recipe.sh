farewell=KILL # it keeps everything in memory

prepare() {
    echo 0 >"$home/port"
}

serve() {
    # Compiled once and kept with the environment: pip leaves that to us, and nothing is to lie beside scripts of our own.
    PYTHONPYCACHEPREFIX="${programs%/bin}/compiled" \
        exec "$programs/python" "$(readlink "$home/server")" -H 127.0.0.1 -p "$(cat "$home/port")"
}
