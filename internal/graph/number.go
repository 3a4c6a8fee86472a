package graph

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
)

// pageNumber is the number of a page in a file. It has up to maxDigits digits: some data sets use
// account numbers of 21 digits.
type pageNumber struct{ hi, lo uint64 }

const maxDigits = 38 // 10^38 < 2^128

func (n pageNumber) String() string {
	v := new(big.Int).SetUint64(n.hi)
	return v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(n.lo)).String()
}

func (n pageNumber) compare(m pageNumber) int {
	return cmp.Or(cmp.Compare(n.hi, m.hi), cmp.Compare(n.lo, m.lo))
}

// parseNumber parses a whole number.
func parseNumber(text []byte) (n pageNumber, err error) {
	digits := bytes.TrimLeft(text, "0")
	if len(text) == 0 || len(digits) > maxDigits {
		return n, wrongNumber(text)
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return n, wrongNumber(text)
		}
		carry, lo := bits.Mul64(n.lo, 10)
		lo, more := bits.Add64(lo, uint64(c-'0'), 0)
		n = pageNumber{10*n.hi + carry + more, lo}
	}
	return n, nil
}

// wrongNumber returns an error that explains why text is not a page number.
func wrongNumber(text []byte) error {
	why := "want a whole number, at least 0"
	is := func(allowed string) bool { return len(bytes.Trim(text, allowed)) == 0 }
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		return errors.New("the line has a NUL byte: the file is binary, as .sg is, which can be written but not read: " +
			"use .el; or it is text in UTF-16: convert it: iconv -f UTF-16 -t UTF-8")
	case bytes.ContainsAny(text, ",;"):
		why = "want two numbers with blanks between them: convert CSV, and delete the line of column names: tail -n +2 FILE | tr ',;' '  '"
	case len(text) > maxDigits && is("0123456789"):
		why = fmt.Sprintf("want at most %d digits", maxDigits)
	case is("-0123456789"):
		why += ": remove the sign if it is not meant"
	case is("+-.eE0123456789"):
		why += ", without a decimal point or an exponent"
	case is("xX0123456789abcdefABCDEF"):
		why += ", in decimal: convert hexadecimal numbers"
	default:
		why += ": replace names of pages by numbers"
	}
	return fmt.Errorf("invalid page number %.40q: %s", text, why)
}

// blank reports whether c separates the fields of a line.
func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// twoNumbers parses the two numbers at the beginning of a line. It is the fast path for decimal
// digits separated by blanks; parseNumber handles the rest.
func twoNumbers(line []byte) (from, to uint64, rest []byte, ok bool) {
	from, rest, ok = decimal(line)
	if !ok || len(rest) == 0 || !blank(rest[0]) {
		return 0, 0, line, false
	}
	to, rest, ok = decimal(rest)
	if !ok || len(rest) > 0 && !blank(rest[0]) {
		return 0, 0, line, false
	}
	for len(rest) > 0 && blank(rest[0]) {
		rest = rest[1:]
	}
	return from, to, rest, true
}

// decimal parses the number at the beginning of text, which must be below 10^19.
func decimal(text []byte) (v uint64, rest []byte, ok bool) {
	i := 0
	for i < len(text) && blank(text[i]) {
		i++
	}
	begin := i
	for i < len(text) && text[i]-'0' <= 9 {
		v = v*10 + uint64(text[i]-'0')
		i++
	}
	return v, text[i:], i > begin && i-begin <= 19
}

// field returns the first field of a line and the rest.
func field(line []byte) (word, rest []byte) {
	begin := 0
	for begin < len(line) && blank(line[begin]) {
		begin++
	}
	end := begin
	for end < len(line) && !blank(line[end]) {
		end++
	}
	return line[begin:end], line[end:]
}

// wholes parses a line of whole numbers.
func wholes(line []byte) (list []int, ok bool) {
	for word := range bytes.FieldsSeq(line) {
		v, rest, ok := decimal(word)
		if !ok || len(rest) > 0 || v > 1<<62 {
			return nil, false
		}
		list = append(list, int(v))
	}
	return list, true
}
