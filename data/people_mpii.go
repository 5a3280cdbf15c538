package data

import (
	"encoding/json"
	"fmt"
)

// mpiiJoints are MPII's, in their order (Andriluka et al. 2014).
var mpiiJoints = []string{"right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "thorax", "upper_neck", "head_top", "right_wrist", "right_elbow",
	"right_shoulder", "left_shoulder", "left_elbow", "left_wrist"}

// parseMPII reads MPII's people in the form that MMPose and its forerunners distribute, mpii_train.json: a list of {"image", "joints": [[x, y], ...], "joints_vis": [0 or 1,
// ...]}. Places count pixels from 1, as MATLAB does, and are made one less. A person's box is that of the joints.
func parseMPII(b []byte) (names []string, list []annotated, err error) {
	var in []struct {
		Image  string       `json:"image"`
		Joints [][2]float64 `json:"joints"`
		Known  []float64    `json:"joints_vis"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, nil, fmt.Errorf("no list of MPII's people: %w", err)
	}
	if len(in) > maxPeople {
		return nil, nil, fmt.Errorf("%d people, want at most %d", len(in), maxPeople)
	}
	seen := map[string]int{}
	for k, a := range in {
		if len(a.Joints) != len(mpiiJoints) || len(a.Known) != len(mpiiJoints) {
			return nil, nil, fmt.Errorf("person %d: %d joints and %d of joints_vis, want %d (mpii_test.json has none)", k+1, len(a.Joints), len(a.Known), len(mpiiJoints))
		}
		if err := fileName(a.Image); err != nil {
			return nil, nil, fmt.Errorf("person %d: %w", k+1, err)
		}
		p := annotated{file: a.Image, number: seen[a.Image]}
		seen[a.Image]++
		for j, at := range a.Joints {
			if a.Known[j] == 0 {
				continue
			}
			x, y := at[0]-1, at[1]-1
			if err := place(x, y); err != nil {
				return nil, nil, fmt.Errorf("person %d: %w", k+1, err)
			}
			p.add(knownJoint{j, float32(x), float32(y), true})
		}
		list = append(list, p)
	}
	return mpiiJoints, list, nil
}

// add adds a joint; the box grows to that of all joints.
func (p *annotated) add(q knownJoint) {
	if len(p.joints) == 0 {
		p.box = [4]float32{q.x, q.y, q.x, q.y}
	}
	p.joints = append(p.joints, q)
	p.box = [4]float32{min(p.box[0], q.x), min(p.box[1], q.y), max(p.box[2], q.x), max(p.box[3], q.y)}
}
