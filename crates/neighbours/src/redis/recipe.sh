farewell=KILL # it may be paused, and then hears nothing else

prepare() {
    printf '%s\n' 'bind 127.0.0.1' 'save ""' 'appendonly no' "dir $home" >"$home/server.conf"
}

serve() {
    exec "$programs" "$home/server.conf"
}

