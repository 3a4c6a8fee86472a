package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crawlbench/internal/crawl"
)

// formatParam returns a value of a parameter as it is written in the name of a crawler.
func formatParam(p crawl.Param, value int64) string {
	if p.Time {
		return ascii(time.Duration(value))
	}
	return strconv.FormatInt(value, 10) + p.Unit
}

// parseParam parses a value. It must be written as formatParam writes it, so that a crawler has one name.
func parseParam(p crawl.Param, text string) (int64, error) {
	var value int64
	var err error
	if p.Time {
		var d time.Duration
		d, err = time.ParseDuration(text)
		value = int64(d)
	} else {
		value, err = strconv.ParseInt(strings.TrimSuffix(text, p.Unit), 10, 64)
	}
	wrong := func(want string) error {
		return fmt.Errorf("invalid value %s of %s: %s", quoted(text), p.Name, want)
	}
	switch {
	case err != nil || !p.Time && !strings.HasSuffix(text, p.Unit):
		return 0, wrong("want a value such as " + formatParam(p, p.Default))
	case value < p.Min || value > p.Max:
		return 0, wrong(fmt.Sprintf("want %s to %s", formatParam(p, p.Min), formatParam(p, p.Max)))
	case formatParam(p, value) != text:
		return 0, wrong("write it " + formatParam(p, value))
	}
	return value, nil
}

// DescribeParam returns the name and the default as in the name of a crawler, and the values.
func DescribeParam(p crawl.Param) string {
	return fmt.Sprintf("%s=%s (%s to %s, %s)", p.Name, formatParam(p, p.Default), formatParam(p, p.Min),
		formatParam(p, p.Max), p.Doc)
}
