//go:build unix

package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// message returns a length-delimited field of pprof's format.
func message(field uint64, text []byte) []byte {
	b := binary.AppendUvarint(nil, field<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func packed(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// stacked returns a profile with a stack of the given depth, in which some frames have no function.
func stacked(frames int) *Profile {
	p := singleSample(1, "nanoseconds")
	bare := &profile.Location{ID: 2}
	p.Location = append(p.Location, bare)
	for len(p.Sample[0].Location) < frames {
		p.Sample[0].Location = append(p.Sample[0].Location, bare)
	}
	return p
}

func written(tb testing.TB, p *Profile) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// Hostile files, and files that are not profiles, are refused before they take much memory, with a
// short error.
func TestHostileProfiles(t *testing.T) {
	good := written(t, singleSample(5, "nanoseconds"))
	long := singleSample(5, "nanoseconds")
	long.Function[0].Name = strings.Repeat("x", maxName+1)
	wrong := packed(t, good)
	wrong[len(wrong)-8]++
	for name, test := range map[string]struct {
		text []byte
		says string
	}{
		"empty":           {nil, "empty input"},
		"text":            {[]byte("nonsense"), "unknown field type"},
		"another format":  {[]byte("heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n"), "damaged"},
		"truncated":       {good[:len(good)-3], "truncated field"},
		"truncated gzip":  {packed(t, good)[:40], "unexpected EOF"},
		"padded gzip":     {append(packed(t, good), "a padding"...), "damaged"},
		"wrong checksum":  {wrong, "invalid checksum"},
		"bomb":            {packed(t, make([]byte, 200<<20)), "at most 32 MiB"},
		"bomb of members": {bytes.Repeat(packed(t, nil), 1<<20), "empty input"},
		"bomb in a bomb":  {packed(t, packed(t, make([]byte, 200<<20))), "damaged"},
		"samples": {packed(t, bytes.Repeat(message(fieldSample, nil), maxParts+1)),
			"at most 1048576 parts"},
		"locations": {packed(t, bytes.Repeat(message(fieldLocation, nil), maxParts+1)),
			"at most 1048576 parts"},
		"texts": {packed(t, bytes.Repeat(message(fieldTexts, nil), maxParts+1)),
			"at most 1048576 parts"},
		"lines": {packed(t, message(fieldLocation, bytes.Repeat(message(4, nil), maxParts+1))),
			"at most 1048576 parts"},
		"labels": {packed(t, message(fieldSample, bytes.Repeat(message(3, nil), maxParts+1))),
			"at most 1048576 parts"},
		"frames": {packed(t, bytes.Repeat(message(fieldSample,
			message(fieldLocations, make([]byte, 1<<10))), maxRefs>>10+1)), "4194304 frames"},
		"frames one by one": {packed(t, message(fieldSample,
			bytes.Repeat([]byte{fieldLocations << 3, 1}, maxRefs+1))), "4194304 frames"},
		"deep":                 {written(t, stacked(maxFrames+1)), "stack too deep: 4097 frames"},
		"long name":            {written(t, long), "name too long: 65537 bytes"},
		"length beyond end":    {[]byte("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "truncated field"},
		"length overflow":      {[]byte("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "truncated field"},
		"unknown type":         {[]byte("\x17"), "unknown field type 7"},
		"samples without type": {message(fieldSample, nil), "damaged"},
		"missing string":       {append(bytes.Clone(good), 0x70, 99), "damaged"}, // keep_frames beyond the string table
	} {
		file := filepath.Join(t.TempDir(), "x.pb.gz")
		if err := os.WriteFile(file, test.text, 0o666); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(file)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.says) ||
			!strings.Contains(err.Error(), file+": damaged file") ||
			len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 300 {
			t.Errorf("%s: allocated %d MB", name, mb)
		}
	}
	for name, p := range map[string]*Profile{"deepest allowed": stacked(maxFrames),
		"good": singleSample(5, "nanoseconds")} {
		for _, text := range [][]byte{written(t, p), packed(t, written(t, p))} {
			if back, err := ReadFrom(bytes.NewReader(text), "x"); err != nil || len(back.Sample) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestNamesAreEscaped(t *testing.T) {
	p := singleSample(5, "nanoseconds")
	p.Function[0].Name, p.Function[0].Filename = "a\u202eb\x1b", "c\nd"
	back, err := ReadFrom(bytes.NewReader(written(t, p)), "x")
	if err != nil || back.Function[0].Name != `a\u202eb\x1b` || back.Function[0].Filename != "c d" {
		t.Errorf("%+v, %v", back, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, p := range []*Profile{singleSample(5, "nanoseconds"), stacked(9)} {
		f.Add(written(f, p))
		f.Add(packed(f, written(f, p)))
	}
	f.Add([]byte("--- contention:\ncycles/second=1\n1 2 @ 0x1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadFrom(bytes.NewReader(text), "x")
		if err != nil {
			return
		}
		if err := p.CheckValid(); err != nil {
			t.Errorf("an invalid profile is accepted: %v", err)
		}
		Events(p)
		if back, err := ReadFrom(bytes.NewReader(written(t, p)), "x"); err != nil || len(back.Sample) != len(p.Sample) {
			t.Errorf("round trip: %v", err)
		}
		if _, err := Scaled(p, 3, p, 2); err != nil {
			t.Error(err)
		}
		SameTotal(p, p)
	})
}
