# On the machine, as root, with the package installed: the guide's steps, and what must be true after each.
expect() { if [ "$1" != "$2" ]; then echo "expected $2, found $1: $3"; journalctl -u comporta --no-pager | grep --invert-match '"access"' | tail -20; exit 1; fi; echo "ok: $3"; }
status() { curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}' "$@" || true; }
# A hundred requests one after the other, and how many of them were answered with 200.
answered() { for _ in $(seq 100); do status "$@"; echo; done | grep --count '^200$'; }

expect "$(systemctl is-enabled comporta 2>/dev/null || true)" disabled "the package starts nothing by itself"
# More files than this machine may allow are asked for by the unit, and are not the point here.
mkdir -p /etc/systemd/system/comporta.service.d
printf '[Service]\nLimitNOFILE=4096\n' > /etc/systemd/system/comporta.service.d/trial.conf
systemctl daemon-reload
systemctl start comporta
expect "$(status http://127.0.0.1:8081/readyz)" 200 "it serves as soon as it is started"
pid=$(systemctl show --property MainPID --value comporta)
expect "$(stat --format %U /proc/$pid)" comporta "it runs as its own user"
expect "$(awk '/^CapBnd|^Seccomp:|^NoNewPrivs/ {printf "%s ", $2}' /proc/$pid/status)" "0000000000000000 1 2 " "without capabilities, behind a filter of system calls"
expect "$(nsenter --target $pid --mount touch /etc/x 2>&1 | grep --count 'Read-only')" 1 "its file system is read only"
key=$(sed -n 's/.*"api_key": "\(.*\)".*/\1/p' /var/lib/comporta/first-run.json)

(answered http://127.0.0.1:8080/v1/me --header "x-api-key: $key" > /tmp/answered) & load=$!
sleep 0.3
systemctl reload comporta
systemctl kill --kill-whom=main --signal=USR2 comporta
wait $load
expect "$(cat /tmp/answered)" 100 "reloaded and replaced under load, none of 100 requests fails"
expect "$([ "$(systemctl show --property MainPID --value comporta)" != "$pid" ] && systemctl is-active comporta)" active "systemd watches the new process"

folder=/etc/letsencrypt/live/api.example.com
mkdir -p $folder
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=api.example.com \
    -addext subjectAltName=DNS:api.example.com -keyout $folder/privkey.pem -out $folder/fullchain.pem 2>/dev/null
secure="--cacert $folder/fullchain.pem --resolve api.example.com:443:127.0.0.1"
cp /usr/share/doc/comporta/examples/nginx.conf /etc/nginx/sites-enabled/comporta.conf
rm --force /etc/nginx/sites-enabled/default
sed -i 's/^#proxies:/proxies:/' /etc/comporta/comporta.yaml
systemctl reload comporta
nginx -q
expect "$(status $secure --interface 127.0.0.9 https://api.example.com/incomes --header "x-api-key: $key" --json '{"description":"teste","amount":2024}')" 204 "NGINX passes an income on"
expect "$(curl --silent $secure https://api.example.com/incomes --header "x-api-key: $key")" '[{"description":"teste","amount":2024.00}]' "and gives it back"
# Access lines are written in bunches.
sleep 2
expect "$(journalctl -u comporta -o cat --no-pager | grep --count '"client":"127.0.0.9"')" 1 "the caller's own address is in the log"
expect "$(status --header 'host: api.example.com' http://127.0.0.1/incomes)" 301 "plain HTTP is sent to TLS"
head --bytes 30000000 /dev/zero | tr '\0' a > /tmp/big
expect "$(status $secure https://api.example.com/v1/boleto-imports --header "x-api-key: $key" --header 'content-type: text/csv' --data-binary @/tmp/big)" 422 "a file larger than NGINX's own limit reaches the program, which refuses what is no CSV"
nginx -s quit 2>/dev/null

install --group comporta --mode 640 $folder/privkey.pem /etc/comporta/tls/key.pem
install --group comporta --mode 640 $folder/fullchain.pem /etc/comporta/tls/certificate.pem
sed -i 's/^proxies:/#proxies:/; s/^#tls:/tls:/; s/^#identity:/identity:/' /etc/comporta/comporta.yaml
comporta check --config /etc/comporta/comporta.yaml
systemctl stop comporta
systemctl enable --quiet --now comporta.socket comporta-private.socket
expect "$(systemctl is-active comporta || true)" inactive "systemd holds the sockets, and nothing runs behind them"
expect "$(status $secure https://api.example.com/incomes --header "x-api-key: $key")" 200 "the first caller on port 443 starts it"
(answered $secure https://api.example.com/incomes --header "x-api-key: $key" > /tmp/answered) & load=$!
sleep 0.3
systemctl restart comporta
wait $load
expect "$(cat /tmp/answered)" 100 "stopped and started under load, none of 100 requests fails"
systemctl disable --quiet --now comporta.socket comporta-private.socket
systemctl stop comporta
expect "$(systemctl show --property ExecMainStatus --value comporta)" 0 "it ends with 0"
rm /etc/comporta/tls/*.pem
apt-get purge --yes comporta >/dev/null 2>&1
expect "$(ls -d /var/lib/comporta /etc/comporta 2>/dev/null | tr '\n' ' ')" "/var/lib/comporta " "purged, its data stays"
