farewell=KILL # what it was sent is in its log already

prepare() {
    echo 0 >"$home/port"
}

serve() {
    exec "$programs/python" - "$(cat "$home/port")" <<'END'
import logging
import sys

from google.protobuf.json_format import MessageToJson
from oteltest.sink import HttpSink, RequestHandler


class Lines(RequestHandler):
    """What oteltest has received and decoded, as a line of JSON for each message."""

    def handle_trace(self, request, headers):
        print(MessageToJson(request, indent=None), flush=True)

    def handle_metrics(self, request, headers):
        pass

    def handle_logs(self, request, headers):
        pass


HttpSink(Lines(), logging.getLogger(), int(sys.argv[1]), daemon=False).start()
END
}

