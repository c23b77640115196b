# Prints those of memcheck's reports that are ours: where the innermost frame
# outside of the C library is in a file of the shim or of its test, or where the
# memory in question was allocated there. The rest are the MPI libraries' own. names
# is the files, without the .c: attr|coll|test.

function inner(frames, n, i) {
	for (i = 1; i <= n; i++)
		if (frames[i] !~ /\(in .*\/(libc|libm|libpthread|ld-linux-[^\/]*)[.-][^\/]*\)|vg_replace_|vgpreload/)
			return frames[i]
	return ""
}
function ours(frame) { return frame ~ sources }
function flush() {
	if (n > 0 && head !~ /still reachable/ && (ours(inner(stack, n)) || (m > 0 && ours(inner(block, m)))))
		printf "%s\n", text
	n = m = second = 0
	text = head = ""
}
BEGIN { sources = "\\((" names ")\\.c:" }
{ sub(/^==[0-9]+== ?/, "") }
/^$/ { flush(); next }
{ text = text $0 "\n"; if (head == "") head = $0 }
/Address .* (alloc'd|free'd)|was alloc'd|^  Block was/ { second = 1 }
/^   *(at|by) 0x/ { if (second) block[++m] = $0; else stack[++n] = $0 }
END { flush() }
