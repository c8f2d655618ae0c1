# Sourced by cluster.sh: processes, waiting, and telling what held and what did not.
passed=0
failed=0

# Starts a program in the background; its output goes to a log. By files, since checks run in shells of their own.
start() { # NAME COMMAND...
  local name=$1
  shift
  "$@" >>"$run/$name.log" 2>&1 </dev/null &
  echo $! >"$run/$name.pid"
  # Or bash tells of each that ends.
  disown
}

stop() { # NAME [SIGNAL]
  local file=$run/$1.pid pid i
  [[ -f $file ]] || return 0
  pid=$(<"$file")
  rm "$file"
  kill "-${2:-TERM}" "$pid" 2>/dev/null || return 0
  for ((i = 0; i < 300; i++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

signal() { # NAME SIGNAL
  kill "-$2" "$(<"$run/$1.pid")"
}

# In the reverse order of their starts.
stop_all() {
  local file
  for file in $(ls -t "$run"/*.pid 2>/dev/null); do
    stop "$(basename "$file" .pid)"
  done
}

# Waits until a command succeeds; its last words are told if it does not.
await() { # SECONDS COMMAND...
  local end=$((SECONDS + $1)) said
  shift
  while ! said=$("$@" 2>&1); do
    if ((SECONDS >= end)); then
      echo "never came true: $*"
      echo "$said" | tail -n 5
      return 1
    fi
    sleep 0.1
  done
}

# Runs a function that says nothing when all is right.
check() { # SENTENCE FUNCTION [ARGUMENT...]
  local sentence=$1 said
  shift
  # Not in a condition: there a failure in the middle of the function would go unnoticed.
  set +e
  said=$(set -e; "$@" 2>&1)
  local outcome=$?
  set -e
  if [[ $outcome == 0 ]]; then
    passed=$((passed + 1))
    echo "ok    $sentence"
  else
    failed=$((failed + 1))
    echo "WRONG $sentence"
    tail -n 15 <<<"$said" | sed 's/^/        /'
  fi
}

section() {
  echo
  echo "$1"
}

expect() { # WHAT EXPECTED ACTUAL
  [[ $2 == "$3" ]] || {
    echo "$1 is $3, expected $2"
    return 1
  }
}

contains() { # WHAT PART TEXT
  [[ $3 == *"$2"* ]] || {
    echo "$1 has no $2: $3"
    return 1
  }
}
