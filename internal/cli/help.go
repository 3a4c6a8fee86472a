package cli

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
)

// usage prints the table of commands.
func (a *app) usage() string {
	var b strings.Builder
	s := a.screen
	s.Paragraph(&b, "", "crawlbench measures, profiles and compares concurrent crawlers.")
	b.WriteByte('\n')
	s.Title(&b, "usage:")
	var rows [][]string
	for _, c := range commands() {
		rows = append(rows, []string{"crawlbench " + c.name, c.args, c.doc})
	}
	for _, c := range a.more {
		if c.Doc != "" {
			rows = append(rows, []string{"crawlbench " + c.Name, "", c.Doc})
		}
	}
	s.List(&b, rows)
	b.WriteByte('\n')
	s.Paragraph(&b, "", `"crawlbench COMMAND -help" lists the flags of a command. Every command has -q, which prints less, and -v, which prints more.`)
	b.WriteByte('\n')
	s.Title(&b, "exit codes:")
	rows = nil
	for _, c := range exitCodes() {
		rows = append(rows, []string{fmt.Sprintf("%3d", c.code), c.doc})
	}
	s.List(&b, rows)
	return b.String()
}

// usageLine returns the command line of a command.
func usageLine(c command, fs *flag.FlagSet) string {
	line := "crawlbench " + c.name
	fs.VisitAll(func(*flag.Flag) {
		if !strings.HasSuffix(line, " [flags]") {
			line += " [flags]"
		}
	})
	return strings.TrimSpace(line + " " + c.args)
}

// help prints what a command does, with its flags.
func (a *app) help(c command, fs *flag.FlagSet) string {
	var b strings.Builder
	s := a.screen
	s.Paragraph(&b, "", "usage: "+usageLine(c, fs))
	b.WriteByte('\n')
	s.Paragraph(&b, "", c.doc)
	b.WriteByte('\n')
	s.Title(&b, "flags:")
	var rows [][]string
	fs.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
			about += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		rows = append(rows, []string{strings.TrimSpace("-" + f.Name + " " + value), about})
	})
	s.List(&b, rows)
	switch c.name {
	case "run":
		b.WriteByte('\n')
		s.Paragraph(&b, "", `"crawlbench scenario" prints a reference of all keys of a scenario.`)
	case "merge":
		b.WriteByte('\n')
		b.WriteString(helpOnShards(s))
	case "site":
		b.WriteByte('\n')
		b.WriteString(helpOnSites(s))
	}
	return b.String()
}

// addCommon adds the flags that all commands have.
func (a *app) addCommon(fs *flag.FlagSet) {
	fs.BoolVar(&a.quiet, "q", false, "print less: the result in a few lines, without progress and hints")
	fs.BoolVar(&a.verbose, "v", false, "print more: all tables, and the evidence of each finding")
}

// parse parses flags, which may precede, separate or follow the arguments, and returns the
// arguments: at least least and at most most.
func parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var positional []string
	args = slices.Clone(args)
	for i, arg := range args {
		// the earlier name of -crawlers
		if name, _, _ := strings.Cut(arg, "="); name == "-contenders" || name == "--contenders" {
			args[i] = strings.Replace(arg, "contenders", "crawlers", 1)
		}
	}
	defer onlyOnce(fs)()
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, flagError{usagef("%s: %v%s", fs.Name(), err, nearestFlag(fs, err))}
		}
		if args = fs.Args(); len(args) == 0 {
			break
		}
		positional = append(positional, args[0])
		args = args[1:]
	}
	if len(positional) < least || len(positional) > most {
		return nil, usagef("%s: got %s: want %s; see \"crawlbench %s -help\"", fs.Name(),
			plain.Count(len(positional), "argument"), howMany(fs.Name(), least, most), fs.Name())
	}
	if slices.Contains(positional, "") { // such as a shell variable that is not set
		return nil, usagef("%s: an argument is empty: give a value or omit it; see \"crawlbench %s -help\"", fs.Name(),
			fs.Name())
	}
	return positional, nil
}

// once is the value of a flag that is given once: of two values, the first would be lost without a word.
type once struct {
	flag.Value
	before *string
}

// IsBoolFlag is how package flag knows a flag without an argument.
func (o *once) IsBoolFlag() bool {
	b, ok := o.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// Set sets the value. The same one may be given again.
func (o *once) Set(text string) error {
	if o.before != nil && *o.before != text {
		return fmt.Errorf("it is given twice, first as %q: give it once", *o.before)
	}
	o.before = &text
	return o.Value.Set(text)
}

// onlyOnce makes a second value of a flag an error, except for a list of files, until the returned function is called.
func onlyOnce(fs *flag.FlagSet) (restore func()) {
	values := map[*flag.Flag]flag.Value{}
	fs.VisitAll(func(f *flag.Flag) {
		if _, list := f.Value.(*fileList); !list {
			values[f] = f.Value
			f.Value = &once{Value: f.Value}
		}
	})
	return func() {
		for f, v := range values {
			f.Value = v
		}
	}
}

// fileList is the value of a flag that may be given several times, with a file each.
type fileList []string

func (f *fileList) String() string { return strings.Join(*f, " ") }

// Set adds a file.
func (f *fileList) Set(text string) error {
	if text == "" {
		return errors.New("want the name of a file")
	}
	*f = append(*f, text)
	return nil
}

// flagError is an error about a flag: the usage is printed before it in one line.
type flagError struct{ error }

func (e flagError) Unwrap() error { return e.error }

// nearestFlag returns the flag that may be meant by an unknown one.
func nearestFlag(fs *flag.FlagSet, err error) string {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return ""
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return strings.Replace(plan.Nearest(name, names), "did you mean ", "did you mean -", 1)
}

// howMany returns the words for the least to most arguments of a command.
func howMany(verb string, least, most int) string {
	if most == 0 {
		return "none"
	}
	number := fmt.Sprint(least)
	if least < most {
		number = fmt.Sprintf("%d to %d", least, most)
	}
	for _, c := range commands() {
		if c.name == verb {
			return number + ", " + c.args
		}
	}
	return number
}
