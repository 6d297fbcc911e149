#!/usr/bin/env bash
# Federated learning by commands alone, as one would type them: a sponsor's task, three clinics that train, a version that comes of it.
#
#   examples/federated/run.sh [FOLDER]        the folder of the project [default: a new one]
#   AVER=target/release/aver                  the program [default: aver]
#
# The chain is `aver chain serve` on this machine, whose time is set forward where everybody waits. On any other chain leave out
# what concerns it: everything else is the same.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
aver=${AVER:-aver}
data=$here/../breast_cancer
mkdir -p "${1:=$(mktemp -d)}" && cd "$1"
clinics="north south west"

say() { printf '\n# %s\n' "$*"; }
aver() { command "$aver" "$@"; }
# The first value with this name in JSON.
value() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | sed -n 1p; }
by() { local who=$1; shift; aver "$@" --account "$who" --yes --json; }

say "A project, keys, and a chain that others can reach"
[ -e averment.toml ] || aver init
[ -e password ] || (umask 077 && echo "only an example" > password)
export AVERMENT_PASSWORD_FILE=$PWD/password
for key in sponsor $clinics late; do
  [ -e ".averment/keys/$key.json" ] || aver keys new "$key"
done
mkdir -p logs running
# What runs on, each by its name; started by a shell of its own, so that this one has no jobs to keep.
start() { local name=$1; shift; ("$aver" "$@" --json > "logs/$name" 2> "logs/$name.err" & echo $! > "running/$name"); }
stop() {
  local name pid
  for name in "$@"; do
    pid=$(cat "running/$name") && rm "running/$name"
    kill "$pid" 2> /dev/null || continue
    while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
  done
}
trap 'stop $(ls running)' EXIT
start chain chain serve --listen 127.0.0.1:0
until grep -q '"url"' logs/chain; do sleep 0.1; done
AVERMENT_CHAIN=$(value url < logs/chain)
export AVERMENT_CHAIN AVERMENT_CHAIN_ID=31337
ask() { curl -sf -H 'content-type: application/json' -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":[$2]}" "$AVERMENT_CHAIN"; }
pass() { ask evm_increaseTime "$1" > /dev/null; ask evm_mine "" > /dev/null; }
[ -e .averment/deployment.json ] || by sponsor contracts deploy --profile development > logs/deploy

say "The sponsor: a plan to start from, its version, the contracts of tasks, and a task"
cp -R "$data/." "$here/start.onnx" . && rm -f ./*.md
columns="--except row,diagnosis"
aver federated start start.onnx --calibrate data/training.csv $columns -o task.plan
aver commit task.plan
by sponsor model create breast-cancer-triage --role medical=north --threshold 1 > logs/model
sed 's/model-v1.onnx/start.onnx/' model-v1.toml > start.toml
by sponsor register start.toml --plan task.plan > logs/register-1
by sponsor federated deploy > logs/contracts
aver federated create --template > terms.toml
sed -i.bak -e 's/^rounds = 10/rounds = 2/' -e 's/"1h"/"2m"/' -e 's/^maximum = 20/maximum = 4/' -e 's/^per_round = 20/per_round = 4/' \
  -e 's/^# aggregator = "KEY"/aggregator = "north"/' terms.toml
by sponsor federated create breast-cancer-triage@1.0.0 --plan task.plan --terms terms.toml > logs/create
task=$(value task < logs/create)
aver federated list

say "Three clinics join, each with a third of the rows; a fourth changes its mind"
for clinic in $clinics late; do
  by "$clinic" federated join "$task" --plan task.plan/public --model task.plan/private/model-0 > "logs/join-$clinic"
done
by late federated leave "$task" > logs/leave
by late federated withdraw "$task" all > logs/withdraw-late
third=0
for clinic in $clinics; do
  awk -v third=$third 'NR == 1 || NR % 3 == third' data/training.csv > "rows-$clinic.csv"
  third=$((third + 1))
  start "$clinic" federated participate "$task" --plan task.plan/public --network start.onnx --model task.plan/private/model-0 \
    --data "rows-$clinic.csv" --class diagnosis --except row --standardise --rate 0.05 --epochs 3 --held-out data/evaluation.csv \
    --folder "member-$clinic" --pages 127.0.0.1:0 --settling 0 --pause 1 --account "$clinic" --yes
done

say "Two rounds; whoever waits, time passes"
challenged="" leapt=""
# Once over a phase's end, then step by step: the next phase may have begun since the status was read.
leap() { if [ "$leapt" = "$round $phase" ]; then pass 5; else pass 130 && leapt="$round $phase"; fi; }
for _ in $(seq 600); do
  status=$(aver federated status "$task" --json)
  phase=$(value phase <<< "$status") round=$(value round <<< "$status")
  count() { grep -c "\"$1\": true" <<< "$status" || true; }
  case $phase in
    idle | select) pass 20 ;;
    commit) [ "$(count committed)" -lt 3 ] || leap ;;
    reveal) [ "$(count revealed)" -lt 3 ] || leap ;;
    check)
      if [ -z "$challenged" ]; then
        # Somebody doubts a proof, with a bond; whose it is answers with it, and takes the bond.
        by sponsor federated challenge "$task" proof north > logs/challenge && challenged=proof
      elif [ "$round $challenged" = "2 proof" ]; then
        # And an update; whose it is publishes the integers, for the bond.
        by sponsor federated challenge "$task" update south > logs/challenge-update && challenged=update
      fi
      sleep 3 && leap ;;
    answer) [ "$(value challenges <<< "$status")" != 0 ] || leap ;;
    aggregate | takeover | score | disclose) pass 1 ;;
    settle)
      # The last payment by hand, the others by the members.
      if [ "$round" = 2 ]; then break; fi
      leap ;;
    ended) break ;;
  esac
  sleep 0.5
done
curl -sf "$(value pages < logs/north)/metrics" | grep averment_member_ > logs/metrics
stop $clinics
pass 130
by sponsor federated settle "$task" > logs/settle
# A member that starts again goes on where it was: what it made itself it has, once that is final.
start north federated participate "$task" --plan task.plan/public --network start.onnx --folder member-north --pages 127.0.0.1:0 \
  --settling 0 --pause 1 --account north --yes
for _ in $(seq 300); do [ -e member-north/models/2 ] && break; sleep 0.2; done
stop north
aver federated status "$task"
[ "$(aver federated status "$task" --json | value phase)" = ended ] || by sponsor federated advance "$task" > logs/advance

say "The trained model: its plan, and a version whose manifest names the rounds"
aver federated finish start.onnx --plan task.plan --package member-north/models/2 --calibrate data/training.csv $columns \
  -o trained.plan --onnx trained.onnx
sed 's/model-v2.onnx/trained.onnx/' model-v2.toml > trained.toml
by sponsor register trained.toml --plan trained.plan --task "$task" --task-plan task.plan > logs/register-2
version=$(value version < logs/register-2)
by sponsor federated conclude "$task" "$version" --plan trained.plan > logs/conclude

say "A smaller one, whose weights are those of the task shifted and rounded: it adopts them, which is proved"
aver federated finish start.onnx --plan task.plan --package member-north/models/2 --calibrate data/training.csv $columns \
  --rescale -4 -o small.plan
sed -e 's/model-v2.onnx/trained.onnx/' -e 's/^version = "2.0.0"/version = "2.1.0"/' model-v2.toml > small.toml
by sponsor register small.toml --plan small.plan --task "$task" --task-plan task.plan --package member-north/models/2 > logs/register-3
small=$(value version < logs/register-3)
by sponsor federated conclude "$task" "$small" --plan small.plan > logs/adopt

say "Money out, and the audit: from the version to the rounds, checked from nothing but a block hash"
for clinic in $clinics; do
  by "$clinic" federated leave "$task" > "logs/leave-$clinic"
  by "$clinic" federated withdraw "$task" all > "logs/withdraw-$clinic"
done
by sponsor federated withdraw "$task" all > logs/withdraw-sponsor
for name in version small; do
  aver audit "${!name}" -o "$name.json" --json > "logs/audit-$name"
  aver audit verify "$name.json" --block-hash "$(value hash < "logs/audit-$name")" --registry "$(value registry < "logs/audit-$name")" \
    --anchors "$(value anchors < "logs/audit-$name")"
done
say "$PWD/version.html and small.html are for people"
