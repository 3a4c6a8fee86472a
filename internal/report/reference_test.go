package report

import (
	"bytes"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/profile"
	"crawlbench/internal/store"
)

// remedy ends the errors of files that follow from the samples of the reference run.
const remedy = "to write it, run CRAWLBENCH_GOLDEN=write go test ./internal/report -run Reference"

// reference returns the analysis of the committed run. The working directory becomes that of the module, so that the
// run has the name by which readers know it.
func reference(t *testing.T) *diagnose.Analysis {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
	run, err := store.Open("results/reference")
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// isWritten reports whether golden files are written.
func isWritten() bool { return os.Getenv("CRAWLBENCH_GOLDEN") == "write" }

// The reference run is complete, believed and unchanged, and it shows what a run of quick has: blocks, looks, and
// profiles at several numbers of workers.
func TestReferenceRunIsAnExample(t *testing.T) {
	a := reference(t)
	run := a.Run
	m, p := run.Manifest(), run.Plan()
	if m.Scenario != "quick" || m.State != store.Complete || m.Sums.Manifest == "" || m.Sums.Journal == nil ||
		run.Warnings != nil || run.Changed() != nil {
		t.Errorf("scenario %s, %s, %q, %v", m.Scenario, m.State, run.Warnings, run.Changed())
	}
	if slots, passes := run.Pending(); len(slots)+len(passes) > 0 || len(run.Samples()) != run.Planned() {
		t.Errorf("%d slots and %d passes are pending; %d of %d samples", len(slots), len(passes), len(run.Samples()),
			run.Planned())
	}
	if controls, _ := a.Trust.Controls(); controls == 0 || a.Trust.Untrusted() || len(a.Failures) > 0 {
		t.Errorf("%d controls, %d failures: %s", controls, len(a.Failures), summary(a))
	}
	resident, profiled := 0, map[int]bool{}
	for _, c := range p.Cells {
		if c.Resident {
			resident++
		}
	}
	for _, pass := range p.Passes {
		profiled[p.Cells[pass.Cell].Workers] = true
	}
	if resident == 0 || len(p.Looks) == 0 || len(profiled) < 3 {
		t.Errorf("%d cells in blocks, %d looks, profiles with %d numbers of workers", resident, len(p.Looks),
			len(profiled))
	}
}

// The committed report is what this program makes of the committed samples, to the last digit.
func TestReferenceReportIsOfItsSamples(t *testing.T) {
	a := reference(t)
	if isWritten() {
		if err := errors.Join(Write(a), a.Run.WriteBench()); err != nil {
			t.Fatal(err)
		}
	}
	if arch := a.Run.Manifest().Host["arch"]; runtime.GOARCH != arch {
		t.Skipf("the last digits of pictures may differ from those of %s", arch)
	}
	files, err := derived(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(a.Run.Dir(), name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what this program writes, %v: %s", name, err, remedy)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(a.Run.Dir(), "plots", "*"))
	if err != nil || len(pictures) == 0 {
		t.Fatalf("%d pictures, %v", len(pictures), err)
	}
	for _, file := range pictures {
		if name := path.Join("plots", filepath.Base(file)); files[name] == "" {
			t.Errorf("the report has no picture %s: delete it", name)
		}
	}
}

// Nothing in the reference run tells where or by whom it was measured: files have relative names.
func TestReferenceRunNamesNoPlace(t *testing.T) {
	dir := reference(t).Run.Dir()
	size := int64(0)
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		size += int64(len(text))
		if !strings.HasSuffix(file, ".pb.gz") {
			if found := absolute(string(text)); found != "" {
				t.Errorf("%s names %s", file, found)
			}
			return nil
		}
		p, err := profile.Read(file)
		if err != nil {
			return err
		}
		for _, f := range p.Function {
			if f.Filename != "" && !filepath.IsLocal(f.Filename) {
				t.Errorf("%s names %s", file, f.Filename)
			}
		}
		for _, m := range p.Mapping {
			if filepath.IsAbs(m.File) {
				t.Errorf("%s names %s", file, m.File)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > 5<<20 {
		t.Errorf("the reference run has %d bytes: want at most 5 MiB, since every clone has it", size)
	}
	for text, want := range map[string]string{
		`"command": ["/home/me/crawlbench", "run"]`:     "/home/me/crawlbench",
		"Next: crawlbench serve -cell x /srv/results/x": "/srv/results/x",
		`"dir": "C:\\Users\\me"`:                        `C:\\Users\\me`,
		"Crawl/impl=cas/workers=8/rate=inf-2 pages/s":   "",
		`<script>s.replace(/a/g, "")</script>`:          "",
	} {
		if got := absolute(text); got != want {
			t.Errorf("found %q in %s, want %q", got, text, want)
		}
	}
}

// absolute returns an absolute path in the text of a file, or "". Regular expressions in scripts look like one.
func absolute(text string) string {
	text = regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(text, "")
	found := regexp.MustCompile(`(?m)(?:^|[\s"'(=>])(/(?:[\w.-]+/)+[\w.-]*|[A-Z]:\\[\w.\\-]*)`).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return found[1]
}

// derived returns the files that follow from the samples of a run, by name.
func derived(a *diagnose.Analysis) (map[string]string, error) {
	var page, text bytes.Buffer
	if err := HTML(&page, a); err != nil {
		return nil, err
	}
	files, err := Markdown(&text, a)
	if err != nil {
		return nil, err
	}
	bench, err := a.Run.Bench()
	if err != nil {
		return nil, err
	}
	files["report.html"], files["report.md"], files["bench.txt"] = page.String(), text.String(), string(bench)
	return files, nil
}
