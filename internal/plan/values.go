package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a scenario's values.
const (
	MaxRounds  = 10_000
	maxWorkers = 1 << 16
	maxName    = 64
	maxRate    = 1e9
	minRate    = 1e-3 // a page in 17 minutes
	maxTurns   = 100
	maxSlice   = 10 * time.Second
	maxRest    = time.Hour
)

// kindOf names the type of a TOML value in messages.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a point or an exponent"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

// described returns the type of v, or its quoted content if it is text.
func described(v any) string {
	if s, ok := v.(string); ok {
		return quoted(s)
	}
	return kindOf(v)
}

// scalar returns v if it is of type T, which messages call what.
func scalar[T any](v any, what string) (T, error) {
	x, ok := v.(T)
	if !ok {
		return x, fmt.Errorf("want %s, have %s", what, kindOf(v))
	}
	return x, nil
}

func text(v any) (string, error)  { return scalar[string](v, "text in quotes") }
func boolean(v any) (bool, error) { return scalar[bool](v, "true or false") }
func seed(v any) (uint64, error)  { return whole[uint64](0, math.MaxInt64)(v) }

func name(v any) (string, error)    { return inQuotes("a name in quotes", parseName)(v) }
func pattern(v any) (string, error) { return inQuotes("a name in quotes", parsePattern)(v) }
func size(v any) (int64, error)     { return inQuotes(`a size in quotes, such as "2GiB"`, parseBytes)(v) }

// inQuotes returns a reader of text that parse converts; what describes the expected value.
func inQuotes[T any](what string, parse func(string) (T, error)) func(any) (T, error) {
	return func(v any) (x T, err error) {
		s, err := scalar[string](v, what)
		if err == nil {
			x, err = parse(s)
		}
		return x, err
	}
}

// whole returns a reader of whole numbers from least to most.
func whole[T int | uint64](least, most int64) func(any) (T, error) {
	return func(v any) (T, error) {
		n, err := scalar[int64](v, "a whole number")
		if err == nil && (n < least || n > most) {
			err = fmt.Errorf("must lie between %d and %d", least, most)
		}
		return T(n), err
	}
}

// number reads a number; packages graph and web check its range.
func number(v any) (float64, error) {
	if n, ok := v.(int64); ok {
		return float64(n), nil
	}
	return scalar[float64](v, "a number")
}

// share reads an optional number.
func share(v any) (*float64, error) {
	x, err := number(v)
	return &x, err
}

// page reads a page number, which may exceed TOML's integers; package graph checks it.
func page(v any) (string, error) {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10), nil
	}
	if s, ok := v.(string); ok && s != "" {
		return s, nil
	}
	return "", fmt.Errorf("want the number of a page, in quotes if it has more than 18 digits, have %s", described(v))
}

// duration returns a reader of times such as "150ms", from least to most.
func duration(least, most time.Duration) func(any) (time.Duration, error) {
	return inQuotes(`a time in quotes, such as "150ms"`, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			return 0, fmt.Errorf(`invalid time %s: want a number with a unit, such as "150ms", "2s" or "1m30s"`,
				quoted(s))
		case d < least || d > most:
			return 0, fmt.Errorf("must lie between %v and %v", least, most)
		}
		return d, nil
	})
}

func burst(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("want a number of pages from 1 to %d, or 0 for 10 ms worth of the rate", math.MaxInt32)
	}
	return int(n), nil
}

// word returns a reader of one of the allowed words; what describes them.
func word(what string, allowed ...string) func(any) (string, error) {
	return inQuotes("a "+what+" in quotes", func(s string) (string, error) { return parseWord(s, what, allowed) })
}

// automatic reads whether a value is to be chosen by measuring.
func automatic(v any) (bool, error) {
	choice, err := word("way to choose", "fixed", "auto")(v)
	return choice == "auto", err
}

// among returns a reader of values that must be on the scenario's axis.
func among[T comparable](what string, parse func(any) (T, error), axis []T) func(any) (T, error) {
	return func(v any) (T, error) {
		x, err := parse(v)
		if err == nil && !slices.Contains(axis, x) {
			err = fmt.Errorf("%v is not among the scenario's %s, which are %v", x, what, axis)
		}
		return x, err
	}
}

// count returns a reader of counts of at most most.
func count(most int) func(any) (Count, error) {
	return func(v any) (Count, error) {
		switch v := v.(type) {
		case int64:
			return parseCount(strconv.FormatInt(v, 10), most)
		case string:
			return parseCount(v, most)
		}
		return Count{}, fmt.Errorf("want a number, or \"4x\" for 4 times the cores, have %s", kindOf(v))
	}
}

func rate(v any) (Rate, error) {
	if v == "inf" {
		return 0, nil
	}
	if x, err := number(v); err == nil {
		return parseRate(strconv.FormatFloat(x, 'g', -1, 64))
	}
	return 0, fmt.Errorf("want \"inf\", or a number of pages/s, have %s", described(v))
}

// selects reports whether patterns select the crawler with the given name.
func selects(patterns []string, name string) bool {
	in := len(patterns) > 0 && strings.HasPrefix(patterns[0], "!")
	for _, p := range patterns {
		switch p {
		case "*", name:
			in = true
		case "!" + name:
			in = false
		}
	}
	return in
}
