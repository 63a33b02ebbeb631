"""Creates the instances of a JSON list in a running daemon, leaving those that are there: load.py READY PASSWORD INSTANCES."""
import json
import sys
import urllib.error
import urllib.request

ready, password, instances = sys.argv[1:]
base = json.load(open(ready))['url'] + '/api/v1'


def post(path, body, token=None):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {'Content-Type': 'application/json'})
    if token:
        request.add_header('Authorization', 'Bearer ' + token)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


token = post('/auth/login', {'username': 'admin', 'password': open(password).read().strip()})['token']
for instance in json.load(open(instances)):
    try:
        post('/instances', instance, token)
    except urllib.error.HTTPError as error:
        if error.code != 409:  # 409: it is there since an earlier run
            sys.exit(f"{instance['id']}: {error.read().decode()}")
