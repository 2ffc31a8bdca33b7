farewell=QUIT # an immediate shutdown: the data is about to go

prepare() {
    "$programs/initdb" --pgdata "$home/data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 \
        --no-sync --no-instructions
}

serve() {
    exec "$programs/postgres" -D "$home/data"
}

