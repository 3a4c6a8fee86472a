package profile

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/pprof/profile"

	"crawlbench/internal/plain"
)

// Bounds of a profile that is read, which may come from a stranger. They hold it to some hundred MB of memory; the largest
// of a run has a hundredth of each.
const (
	maxFile   = 32 << 20 // bytes of the file
	maxText   = 32 << 20 // bytes when it is unpacked
	maxParts  = 1 << 20  // samples, locations, their lines, functions and texts together
	maxRefs   = 1 << 22  // frames of all stacks
	maxFrames = 1 << 12  // of one stack: the runtime records 128, some of which are several functions
	maxName   = 1 << 16  // bytes
)

// Read reads the profile in a file.
func Read(path string) (*Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	defer f.Close()
	return ReadFrom(f, path)
}

// ReadFrom reads the profile that is called name from r, packed by gzip or not.
func ReadFrom(r io.Reader, name string) (*Profile, error) {
	p, err := parse(r)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: it is damaged (%w): measure it again with a new run", name, err)
	}
	return p, nil
}

// parse takes pprof's own format only: the others that its package knows are of other profilers.
func parse(r io.Reader) (*Profile, error) {
	text, err := unpack(r)
	if err == nil {
		err = measure(text)
	}
	if err != nil {
		return nil, err
	}
	p, err := profile.ParseUncompressed(text)
	if err == nil {
		err = p.CheckValid()
	}
	if err == nil {
		err = checkStacks(p)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range p.Function { // pprof's own pages show them as they are
		f.Name, f.SystemName, f.Filename = plain.Line(f.Name), plain.Line(f.SystemName), plain.Line(f.Filename)
	}
	return p, nil
}

// unpack returns what r has, without gzip.
func unpack(r io.Reader) ([]byte, error) {
	file := bufio.NewReader(io.LimitReader(r, maxFile+1))
	r = file
	if magic, _ := file.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, err
		}
		r = z
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if len(text) > maxText {
		return nil, fmt.Errorf("it has more than %d MiB", maxText>>20)
	}
	return text, err
}

// Fields of the messages of pprof's format, see profile.proto.
const (
	fieldSample   = 2
	fieldLocation = 4
	fieldTexts    = 6

	fieldLocations = 1 // of a sample
)

// measure returns an error if text, as a message of pprof's, has more parts than a profile may: each takes many times its
// bytes when it is read.
func measure(text []byte) error {
	parts, refs := 0, 0
	return fields(text, func(field uint64, message []byte) error {
		parts++
		var err error
		switch field {
		case fieldSample, fieldLocation:
			err = fields(message, func(inner uint64, list []byte) error {
				if field == fieldSample && inner == fieldLocations {
					for _, b := range list { // the last byte of each number lacks the high bit
						refs += int(1 - b>>7)
					}
				} else {
					parts++
				}
				return nil
			})
		case fieldTexts:
			if len(message) > maxName {
				err = fmt.Errorf("it has a name of %d bytes", len(message))
			}
		}
		if parts > maxParts || refs > maxRefs {
			err = fmt.Errorf("it has more than %d parts, or %d frames", maxParts, maxRefs)
		}
		return err
	})
}

// fields calls each with the fields of a message in the wire format of protocol buffers: of a number, which has no
// bytes of its own, with its text.
func fields(message []byte, each func(field uint64, bytes []byte) error) error {
	short := errors.New("it ends within a field")
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return short
		}
		message = message[n:]
		size := uint64(0)
		switch tag & 7 {
		case 0:
			_, n := binary.Uvarint(message)
			if n <= 0 {
				return short
			}
			size = uint64(n)
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(message)
			if n <= 0 {
				return short
			}
			size, message = length, message[n:]
		case 5:
			size = 4
		default:
			return fmt.Errorf("it has a field of an unknown type %d", tag&7)
		}
		if size > uint64(len(message)) {
			return short
		}
		if err := each(tag>>3, message[:size]); err != nil {
			return err
		}
		message = message[size:]
	}
	return nil
}

// checkStacks returns an error if a stack is deeper than any can be: what shows it may descend it by recursion.
func checkStacks(p *Profile) error {
	for _, s := range p.Sample {
		frames := 0
		for _, l := range s.Location {
			frames += max(1, len(l.Line))
		}
		if frames > maxFrames {
			return fmt.Errorf("it has a stack of %d frames", frames)
		}
	}
	return nil
}
