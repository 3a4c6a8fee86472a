# Prints the targets of the Makefile: those with ## for everybody, then those with ### for maintainers.
function show(line, name, text, n, words, i, room) {
	name = line; sub(/:.*/, "", name)
	text = line; sub(/^.*##+ /, "", text)
	room = (width < 40 ? 40 : width > 100 ? 100 : width) - 19
	out = ""
	n = split(text, words, " ")
	for (i = 1; i <= n; i++) {
		if (out != "" && length(out) + 1 + length(words[i]) > room) { put(name, out); name = ""; out = "" }
		out = out (out == "" ? "" : " ") words[i]
	}
	put(name, out)
}
function put(name, text) { printf "  %-16s %s\n", (name == "" ? "" : "make " name), text }
/^[a-z]+:.*[^#]## / { users[++u] = $0 }
/^[a-z]+:.*### / { ours[++o] = $0 }
END {
	for (i = 1; i <= u; i++) show(users[i])
	print "\nFor work on crawlbench itself:"
	for (i = 1; i <= o; i++) show(ours[i])
}
