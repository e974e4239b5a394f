#!/bin/sh
# An agent for hello-task.json that needs no model: it does what it was
# written to do, whatever the prompt. A real agent reads the prompt on
# standard input, too, and works in the current directory.
set -eu
prompt=$(cat)
echo "read a prompt of ${#prompt} characters"
cat >greet.sh <<'END'
#!/bin/sh
echo "Hello, ${1:-world}!"
END
cat >>tests.sh <<'END'
test "$(sh greet.sh Ada)" = 'Hello, Ada!'
test "$(sh greet.sh)" = 'Hello, world!'
END
echo 'wrote greet.sh and its tests'
