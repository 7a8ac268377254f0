# Reads the events of a run of the tests (one JSON object a line, Swift Testing's event stream) and prints what failed and, where
# the run was ended before its time, what was running: the last lines of a long log, for those who see nothing else of it. The
# failing tests are named once more at the very end, without what was recorded, which may be long.

# The value of the first string `key` of the line, with the escapes that paths, names and messages have undone.
function text(key,    value) {
    if (!match($0, "\"" key "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
    value = substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5)
    gsub(/\\n/, "\n      ", value)
    gsub(/\\\//, "/", value)
    gsub(/\\"/, "\"", value)
    gsub(/\\\\/, "\\", value)
    return value
}

# The test of the event, without the place that its id ends with.
function test(    name) {
    name = text("testID")
    sub(/\/[^\/]*$/, "", name)
    return name
}

# Every message of the event: what was expected, the comment, and what else was recorded.
function messages(    all, event) {
    event = $0
    while (match($0, /"text":"([^"\\]|\\.)*"/)) {
        all = all "\n      " text("text")
        $0 = substr($0, RSTART + RLENGTH)
    }
    $0 = event
    return all
}

/"kind":"issueRecorded"/ && /"isFailure":true/ && /"isKnown":false/ {
    match($0, /"line":[0-9]+/)
    line = substr($0, RSTART + 7, RLENGTH - 7)
    places[++count] = test() " at " text("fileID") ":" line
    failures[count] = places[count] messages()
}

/"kind":"testStarted"/ && /"testID":"[^"]*\\\// { running[test()] = 1 }
/"kind":"testEnded"/ { delete running[test()] }

END {
    for (number = 1; number <= count; number++) print "leafd: failed: " failures[number]
    # After a crash that may be hundreds.
    for (name in running) if (++open <= 20) print "leafd: was still running: " name
    if (open > 20) print "leafd: and " open - 20 " more"
    if (count > 0) print "leafd: all that failed, in short:"
    for (number = 1; number <= count; number++) if (!named[places[number]]++) print "    " places[number]
}
