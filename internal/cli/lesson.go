package cli

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/lesson"
)

// withLessons returns the crawlers that a child process must know: the program's and those of lessons.
func (a *app) withLessons() []crawl.Crawler {
	return append(slices.Clone(a.crawlers), lesson.Crawlers()...)
}

// lesson lists the lessons, or runs one.
func (a *app) lesson(ctx context.Context, fs *flag.FlagSet, args []string) error {
	guess := fs.Int("guess", 0, "`number` of your guess; without it you are asked, and Enter skips the guess")
	positional, err := parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	lessons := lesson.All()
	if len(positional) == 0 {
		var rows [][]string
		for i, l := range lessons {
			rows = append(rows, []string{fmt.Sprintf("%2d", i+1), l.Title})
		}
		a.screen.List(a.raw, rows)
		fmt.Fprintln(a.raw)
		a.prose("Run one with \"crawlbench lesson 1\". Each takes a minute or less, and measures what it teaches.")
		return nil
	}
	number, err := strconv.Atoi(positional[0])
	if err != nil || number < 1 || number > len(lessons) {
		return usagef("lesson: no lesson %q: want a number from 1 to %d, or nothing for the list", positional[0],
			len(lessons))
	}
	l := lessons[number-1]
	if *guess < 0 || *guess > len(l.Choices) {
		return usagef("lesson: invalid -guess %d: want 1 to %d", *guess, len(l.Choices))
	}
	fmt.Fprint(a.raw, l.Ask(a.screen, number))
	if *guess == 0 {
		if *guess, err = a.guess(len(l.Choices)); err != nil {
			return err
		}
	}
	suite := conform.Suite{}
	if err := ownProgram(ctx, &suite); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "measuring ...")
	begin := time.Now()
	r, err := l.Run(ctx, &lesson.Lab{Crawlers: a.withLessons(), Suite: suite, Simulate: simulated})
	if ctx.Err() != nil {
		return exitError{code: exitInterrupted}
	}
	if err != nil {
		return fmt.Errorf("lesson %d: %w", number, err)
	}
	fmt.Fprint(a.raw, "\n"+l.Tell(a.screen, r, *guess, time.Since(begin)))
	return nil
}

// guess asks for a number from 1 to most, and returns 0 if there is no answer. It asks again after anything else.
func (a *app) guess(most int) (int, error) {
	for lines := bufio.NewReader(a.in); ; {
		fmt.Fprintf(a.out, "Your guess (1 to %d, Enter to skip): ", most)
		if f, ok := a.out.(interface{ Flush() }); ok {
			f.Flush() // the question has no line feed
		}
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read the guess: %w", err)
		}
		line = strings.TrimSpace(line)
		if line == "" {
			if err != nil { // end of the input
				fmt.Fprintln(a.out)
			}
			return 0, nil
		}
		if n, errNumber := strconv.Atoi(line); errNumber == nil && n >= 1 && n <= most {
			return n, nil
		}
		if err != nil {
			return 0, nil
		}
	}
}
