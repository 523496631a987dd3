
// endAtPanic has the host say why there is no answer: the last line of a component's log. Go itself would write a panic
// in many pieces, each of which is a line there.
func endAtPanic() {
	if fault := recover(); fault != nil {
		fmt.Fprintf(os.Stderr, "panic: %v\n", fault)
		os.Exit(2)
	}
}

// Never called: the host calls the exports.
func main() {}
