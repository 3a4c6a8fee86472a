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

// Limits for a profile that is read, which may be hostile. They limit the memory used to some
// hundred MB; the largest profile of a run reaches a hundredth of each.
const (
	maxFile   = 32 << 20 // bytes of the file
	maxText   = 32 << 20 // bytes after decompression
	maxParts  = 1 << 20  // samples, locations, their lines, functions and strings together
	maxRefs   = 1 << 22  // frames of all stacks
	maxFrames = 1 << 12  // of one stack: the runtime records 128, some of which stand for several functions
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

// ReadFrom reads a profile from r, compressed by gzip or not. Errors call it name.
func ReadFrom(r io.Reader, name string) (*Profile, error) {
	p, err := parse(r)
	if err != nil {
		return nil, fmt.Errorf("read profile %s: damaged file: %w: record it again with a new run", name, err)
	}
	return p, nil
}

// parse accepts pprof's own format only: the others that its package accepts come from other
// profilers.
func parse(r io.Reader) (*Profile, error) {
	text, err := unpack(r)
	if err == nil {
		err = checkSize(text)
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
	for _, f := range p.Function { // since pprof's pages show names unescaped
		f.Name, f.SystemName, f.Filename = plain.Line(f.Name), plain.Line(f.SystemName), plain.Line(f.Filename)
	}
	return p, nil
}

// unpack reads r, and decompresses it if it is compressed.
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
		return nil, fmt.Errorf("too large: want at most %d MiB", maxText>>20)
	}
	return text, err
}

// Field numbers of the messages of pprof's format, see profile.proto.
const (
	fieldSample   = 2
	fieldLocation = 4
	fieldTexts    = 6

	fieldLocations = 1 // of a sample
)

// checkSize returns an error if text, a message of pprof's format, has more parts than allowed:
// parsed, each takes many times as much memory.
func checkSize(text []byte) error {
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
				err = fmt.Errorf("name too long: %d bytes, want at most %d", len(message), maxName)
			}
		}
		if parts > maxParts || refs > maxRefs {
			err = fmt.Errorf("too large: want at most %d parts and %d frames", maxParts, maxRefs)
		}
		return err
	})
}

// fields calls each with the fields of a message in the wire format of protocol buffers. For a
// number, bytes is its encoding.
func fields(message []byte, each func(field uint64, bytes []byte) error) error {
	errTruncated := errors.New("truncated field")
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return errTruncated
		}
		message = message[n:]
		size := uint64(0)
		switch tag & 7 {
		case 0:
			_, n := binary.Uvarint(message)
			if n <= 0 {
				return errTruncated
			}
			size = uint64(n)
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(message)
			if n <= 0 {
				return errTruncated
			}
			size, message = length, message[n:]
		case 5:
			size = 4
		default:
			return fmt.Errorf("unknown field type %d", tag&7)
		}
		if size > uint64(len(message)) {
			return errTruncated
		}
		if err := each(tag>>3, message[:size]); err != nil {
			return err
		}
		message = message[size:]
	}
	return nil
}

// checkStacks returns an error if a stack is too deep: viewers may process it recursively.
func checkStacks(p *Profile) error {
	for _, s := range p.Sample {
		frames := 0
		for _, l := range s.Location {
			frames += max(1, len(l.Line))
		}
		if frames > maxFrames {
			return fmt.Errorf("stack too deep: %d frames, want at most %d", frames, maxFrames)
		}
	}
	return nil
}
