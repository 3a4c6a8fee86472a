package measure

import "testing"

func TestMachineIsRead(t *testing.T) {
	list, err := Machine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range list {
		if r.Name == "" || r.Value == "" || names[r.Name] {
			t.Errorf("reading %+v: want a unique name and a value", r)
		}
		names[r.Name] = true
	}
	for _, want := range []string{
		"clock", "timers", "quota", "steal", "run delay", "pressure",
		"limiter bucket, 1 at a time", "limiter paced, 64 at a time",
		"block profile", "mutex profile", "wall profile", "mark profile",
	} {
		if !names[want] {
			t.Errorf("no reading %q", want)
		}
	}
}
