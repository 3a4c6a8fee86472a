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

// message is a field of pprof's format that holds bytes.
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

// stacked is a profile with a stack of so many frames, some without a function.
func stacked(frames int) *Profile {
	p := made(1, "nanoseconds")
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

// Files that mean ill, or are no profile, are refused before they take much memory, each by a sentence.
func TestHostileProfiles(t *testing.T) {
	good := written(t, made(5, "nanoseconds"))
	long := made(5, "nanoseconds")
	long.Function[0].Name = strings.Repeat("x", maxName+1)
	wrong := packed(t, good)
	wrong[len(wrong)-8]++
	for name, test := range map[string]struct {
		text []byte
		says string
	}{
		"empty":                {nil, "empty input"},
		"text":                 {[]byte("nonsense"), "unknown type"},
		"another format":       {[]byte("heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n"), "damaged"},
		"cut":                  {good[:len(good)-3], "ends within a field"},
		"cut gzip":             {packed(t, good)[:40], "unexpected EOF"},
		"padded gzip":          {append(packed(t, good), "a padding"...), "damaged"},
		"wrong sum":            {wrong, "invalid checksum"},
		"bomb":                 {packed(t, make([]byte, 200<<20)), "more than 32 MiB"},
		"bomb of members":      {bytes.Repeat(packed(t, nil), 1<<20), "empty input"},
		"bomb in a bomb":       {packed(t, packed(t, make([]byte, 200<<20))), "damaged"},
		"samples":              {packed(t, bytes.Repeat(message(fieldSample, nil), maxParts+1)), "more than 1048576 parts"},
		"locations":            {packed(t, bytes.Repeat(message(fieldLocation, nil), maxParts+1)), "more than 1048576 parts"},
		"texts":                {packed(t, bytes.Repeat(message(fieldTexts, nil), maxParts+1)), "more than 1048576 parts"},
		"lines":                {packed(t, message(fieldLocation, bytes.Repeat(message(4, nil), maxParts+1))), "more than 1048576 parts"},
		"labels":               {packed(t, message(fieldSample, bytes.Repeat(message(3, nil), maxParts+1))), "more than 1048576 parts"},
		"frames":               {packed(t, bytes.Repeat(message(fieldSample, message(fieldLocations, make([]byte, 1<<10))), maxRefs>>10+1)), "4194304 frames"},
		"frames one by one":    {packed(t, message(fieldSample, bytes.Repeat([]byte{fieldLocations << 3, 1}, maxRefs+1))), "4194304 frames"},
		"deep":                 {written(t, stacked(maxFrames+1)), "a stack of 4097 frames"},
		"long name":            {written(t, long), "a name of 65537 bytes"},
		"length beyond all":    {[]byte("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "ends within a field"},
		"length that overflow": {[]byte("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "ends within a field"},
		"unknown type":         {[]byte("\x17"), "unknown type 7"},
		"samples of no type":   {message(fieldSample, nil), "damaged"},
		"text that is none":    {append(bytes.Clone(good), 0x70, 99), "damaged"}, // keep_frames of a table that has fewer
	} {
		file := filepath.Join(t.TempDir(), "x.pb.gz")
		if err := os.WriteFile(file, test.text, 0o666); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(file)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), file+": it is damaged") || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 300 {
			t.Errorf("%s: it took %d MB", name, mb)
		}
	}
	for name, p := range map[string]*Profile{"as deep as it may be": stacked(maxFrames), "good": made(5, "nanoseconds")} {
		for _, text := range [][]byte{written(t, p), packed(t, written(t, p))} {
			if back, err := ReadFrom(bytes.NewReader(text), "x"); err != nil || len(back.Sample) != 1 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestNamesAreShownAsTheyAre(t *testing.T) {
	p := made(5, "nanoseconds")
	p.Function[0].Name, p.Function[0].Filename = "a\u202eb\x1b", "c\nd"
	back, err := ReadFrom(bytes.NewReader(written(t, p)), "x")
	if err != nil || back.Function[0].Name != `a\u202eb\x1b` || back.Function[0].Filename != "c d" {
		t.Errorf("%+v, %v", back, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, p := range []*Profile{made(5, "nanoseconds"), stacked(9)} {
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
			t.Errorf("a profile that is not valid is read: %v", err)
		}
		Events(p)
		if back, err := ReadFrom(bytes.NewReader(written(t, p)), "x"); err != nil || len(back.Sample) != len(p.Sample) {
			t.Errorf("it is not read back: %v", err)
		}
		if _, err := Scaled(p, 3, p, 2); err != nil {
			t.Error(err)
		}
		SameTotal(p, p)
	})
}
