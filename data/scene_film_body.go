package data

import "math"

// The bones of a body. Those of a side stand twice, right and left.
const (
	bonePelvis = iota
	boneTrunk
	boneHead
	boneUpperArm // and its left
	_
	boneForearm
	_
	boneThigh
	_
	boneShin
	_
	boneFoot
	_
	bones
)

var boneParent = [bones]int{-1, bonePelvis, boneTrunk, boneTrunk, boneTrunk, boneUpperArm, boneUpperArm + 1,
	bonePelvis, bonePelvis, boneThigh, boneThigh + 1, boneShin, boneShin + 1}

// boneMass is a bone's part of the body's mass (Winter, Biomechanics and Motor Control of Human Movement, table 4.1).
var boneMass = [bones]float64{0.142, 0.355, 0.081, 0.028, 0.028, 0.022, 0.022, 0.1, 0.1, 0.0465, 0.0465, 0.0145, 0.0145}

// The angles of a posture, in radians; those of a side are followed by the left's. All are 0 where a body stands upright with its arms down.
const (
	aTilt = iota // of the pelvis, and all with it, forward
	aLean        // of the pelvis to the right
	aBend        // of the trunk forward
	aNod         // of the head forward
	aArm         // the upper arm forward and on upwards
	_
	aOut // the upper arm away from the body
	_
	aElbow // bent
	_
	aWave // the forearm away from the body
	_
	aLeg // the thigh forward
	_
	aApart // the thigh outwards
	_
	aKnee // bent
	_
	aAnkle // the toes up
	_
	angles
)

// jointAngles is a posture.
type jointAngles [angles]float64

// level turns the feet so that their soles are level.
func (a jointAngles) level() jointAngles {
	for k := range 2 {
		a[aAnkle+k] = a[aTilt] - a[aLeg+k] + a[aKnee+k]
	}
	return a
}

// body is a figure as it is built, in metres: it stands on y = 0, looks along x, and its right is at positive z.
type body struct {
	model
	bone     []int // of each part
	pivot    [bones]vec
	tip      [bones]vec
	jointOf  []int   // the bone of each joint
	touching []touch // what may meet the ground
	height   float64
}

// touch is a ball of a bone.
type touch struct {
	bone int
	at   vec
	r    float64
}

// newBody draws a build: height, proportions, girth, hair, sleeves.
func newBody(r draws) *body {
	h := r.u(1.5, 1.95)
	b := &body{height: h}
	girth, shoulders := float64(h*r.u(0.9, 1.35)), float64(h*r.u(0.105, 0.13))
	hip, neck := float64(h*r.u(0.49, 0.53)), float64(h*0.825)
	b.pivot[bonePelvis], b.tip[bonePelvis] = vec{y: hip}, vec{y: hip + float64(0.06*h)}
	b.pivot[boneTrunk], b.tip[boneTrunk] = b.tip[bonePelvis], vec{y: neck}
	head := vec{float64(0.01 * h), neck + float64(0.105*h), 0}
	b.pivot[boneHead], b.tip[boneHead] = vec{y: neck}, head
	arm := float64(h * r.u(0.165, 0.18))
	for k, z := range [2]float64{1, -1} {
		shoulder := vec{y: neck - float64(0.02*h), z: float64(z * shoulders)}
		elbow := shoulder.add(vec{y: -arm, z: float64(z * 0.012 * h)})
		hand := elbow.add(vec{y: -float64(arm * 0.98)})
		thigh := vec{y: hip - float64(0.01*h), z: float64(z * 0.052 * h)}
		knee := vec{y: float64(hip * 0.54), z: thigh.z}
		ankle := vec{y: float64(0.045 * h), z: thigh.z}
		b.pivot[boneUpperArm+k], b.tip[boneUpperArm+k] = shoulder, elbow
		b.pivot[boneForearm+k], b.tip[boneForearm+k] = elbow, hand
		b.pivot[boneThigh+k], b.tip[boneThigh+k] = thigh, knee
		b.pivot[boneShin+k], b.tip[boneShin+k] = knee, ankle
		b.pivot[boneFoot+k], b.tip[boneFoot+k] = ankle, vec{float64(0.1 * h), float64(0.02 * h), thigh.z}
	}
	b.flesh(r, girth, shoulders)
	b.name(girth)
	return b
}

// wear adds the part that was put last to a bone.
func (b *body) wear(bone int) *part {
	b.bone = append(b.bone, bone)
	return &b.parts[len(b.parts)-1]
}

// The tones of a body.
const (
	toneShirt    = toneMain
	toneSkin     = toneSecond
	toneHair     = toneDark
	toneTrousers = toneGlass
	toneShoes    = toneWood
)

// flesh puts solids on the bones.
func (b *body) flesh(r draws, girth, shoulders float64) {
	h := b.height
	sleeve, trouser := toneSkin, toneTrousers
	if r.Bool(0.5) {
		sleeve = toneShirt
	}
	if r.Bool(0.3) { // short ones
		trouser = toneSkin
	}
	hip, neck, head := b.pivot[bonePelvis], b.tip[boneTrunk], b.tip[boneHead]
	b.ball(toneTrousers, hip, float64(0.062*girth), float64(0.075*h), float64(0.088*girth))
	b.wear(bonePelvis)
	waist := float64(0.082 * girth)
	b.tube(toneShirt, hip.add(vec{y: float64(0.02 * h)}), neck.sub(vec{y: float64(0.035 * h)}), waist, float64(shoulders*0.98))
	p := b.wear(boneTrunk)
	p.axes.x = p.axes.x.by(0.66)
	b.limb(toneShirt, b.pivot[boneUpperArm], b.pivot[boneUpperArm+1], float64(0.042*girth))
	b.wear(boneTrunk)
	b.limb(toneSkin, neck.sub(vec{y: float64(0.02 * h)}), head, float64(0.034*h))
	b.wear(boneHead)
	b.ball(toneSkin, head, float64(0.062*h), float64(0.075*h), float64(0.055*h))
	b.wear(boneHead)
	big := r.u(0.9, 1.25)
	b.ball(toneHair, head.add(vec{-float64(0.016 * h), float64(0.018 * h), 0}), float64(0.062*h*big), float64(0.066*h*big), float64(0.058*h*big))
	b.wear(boneHead)
	b.limb(toneSkin, head.add(vec{float64(0.055 * h), -float64(0.01 * h), 0}), head.add(vec{float64(0.07 * h), -float64(0.016 * h), 0}), float64(0.013*h)) // a nose
	b.wear(boneHead)
	for k := range 2 {
		b.limb(toneShirt, b.pivot[boneUpperArm+k], b.tip[boneUpperArm+k], float64(0.032*girth))
		b.wear(boneUpperArm + k)
		b.limb(sleeve, b.pivot[boneForearm+k], b.tip[boneForearm+k], float64(0.026*girth))
		b.wear(boneForearm + k)
		hand := b.tip[boneForearm+k]
		b.limb(toneSkin, hand, hand.sub(vec{y: float64(0.035 * h)}), float64(0.026*h))
		b.wear(boneForearm + k)
		b.tube(toneTrousers, b.pivot[boneThigh+k], b.tip[boneThigh+k], float64(0.054*girth), float64(0.04*girth))
		b.wear(boneThigh + k)
		b.limb(trouser, b.pivot[boneShin+k], b.tip[boneShin+k], float64(0.036*girth))
		b.wear(boneShin + k)
		ankle := b.pivot[boneFoot+k]
		b.box(toneShoes, vec{float64(0.035 * h), 0, ankle.z}, float64(0.075*h), float64(0.055*h), float64(0.03*h), 0.75, 0.9)
		b.wear(boneFoot + k)
	}
}

// name adds the joints, and what may touch the ground.
func (b *body) name(girth float64) {
	add := func(name string, bone int, at vec, r float64) {
		b.joint(name, at, r)
		b.jointOf = append(b.jointOf, bone)
	}
	h := b.height
	add("head", boneHead, b.tip[boneHead], float64(0.085*h))
	add("neck", boneHead, b.pivot[boneHead], float64(0.06*h))
	add("hip", bonePelvis, b.pivot[bonePelvis], float64(0.09*girth))
	for k, s := range [2]string{"right", "left"} {
		add(s+" shoulder", boneUpperArm+k, b.pivot[boneUpperArm+k], float64(0.05*girth))
		add(s+" elbow", boneForearm+k, b.pivot[boneForearm+k], float64(0.034*girth))
		add(s+" hand", boneForearm+k, b.tip[boneForearm+k], float64(0.03*h))
		add(s+" hip", boneThigh+k, b.pivot[boneThigh+k], float64(0.08*girth))
		add(s+" knee", boneShin+k, b.pivot[boneShin+k], float64(0.044*girth))
		add(s+" foot", boneFoot+k, b.pivot[boneFoot+k], float64(0.044*girth))
		z := b.pivot[boneFoot+k].z
		for _, x := range [2]float64{-0.04, 0.11} {
			b.touching = append(b.touching, touch{boneFoot + k, vec{float64(x * h), 0, z}, 0})
		}
		b.touching = append(b.touching, touch{boneShin + k, b.pivot[boneShin+k], float64(0.036 * girth)}, touch{boneForearm + k, b.pivot[boneForearm+k], float64(0.03 * girth)},
			touch{boneForearm + k, b.tip[boneForearm+k], float64(0.026 * h)}, touch{boneUpperArm + k, b.pivot[boneUpperArm+k], float64(0.042 * girth)})
	}
	b.touching = append(b.touching, touch{bonePelvis, b.pivot[bonePelvis], float64(0.07 * girth)}, touch{boneHead, b.tip[boneHead], float64(0.072 * h)})
}

// posture is where the bones of a body are: what was at p of bone i is at at[i] + turn[i]·(p - pivot[i]).
type posture struct {
	turn [bones]mat
	at   [bones]vec
}

// bent places the bones for some angles, the pelvis at a place and turned, before its tilt and lean.
func (b *body) bent(a *jointAngles, pelvis vec, heading mat) (p posture) {
	for i := range bones {
		from, at := heading, pelvis
		if up := boneParent[i]; up >= 0 {
			from, at = p.turn[up], p.at[up].add(p.turn[up].of(b.pivot[i].sub(b.pivot[up])))
		}
		p.turn[i], p.at[i] = from.times(localTurn(i, a)), at
	}
	return p
}

// localTurn is how a bone is turned against the one that it hangs on.
func localTurn(bone int, a *jointAngles) mat {
	k := (bone - boneUpperArm) & 1 // the side
	out := -1.0                    // a limb that hangs goes to positive z, the right
	if k == 1 {
		out = 1
	}
	switch {
	case bone == bonePelvis:
		return turnX(a[aLean]).times(turnZ(-a[aTilt]))
	case bone == boneTrunk:
		return turnZ(-a[aBend])
	case bone == boneHead:
		return turnZ(-a[aNod])
	case bone < boneForearm:
		return turnX(float64(out * a[aOut+k])).times(turnZ(a[aArm+k]))
	case bone < boneThigh:
		return turnX(float64(out * a[aWave+k])).times(turnZ(a[aElbow+k]))
	case bone < boneShin:
		return turnX(float64(out * a[aApart+k])).times(turnZ(a[aLeg+k]))
	case bone < boneFoot:
		return turnZ(-a[aKnee+k])
	}
	return turnZ(a[aAnkle+k])
}

// of returns where a place of a bone at rest is.
func (p *posture) of(b *body, bone int, rest vec) vec {
	return p.at[bone].add(p.turn[bone].of(rest.sub(b.pivot[bone])))
}

// lowest returns the height of what is nearest to the ground.
func (p *posture) lowest(b *body) float64 {
	low := math.Inf(1)
	for _, t := range b.touching {
		low = math.Min(low, p.of(b, t.bone, t.at).y-t.r)
	}
	return low
}

// mass returns the centre of mass.
func (p *posture) mass(b *body) (sum vec) {
	for i, m := range boneMass {
		sum = sum.add(p.of(b, i, b.pivot[i].mix(b.tip[i], 0.5)).by(m))
	}
	return sum
}

// hand returns where a hand's middle is, k 0 for the right.
func (p *posture) hand(b *body, k int) vec {
	return p.of(b, boneForearm+k, b.tip[boneForearm+k].sub(vec{y: float64(0.02 * b.height)}))
}

// filmPoses are what a body's joints are like, whatever it does: the legs and the higher hand, or lying.
var filmPoses = []string{
	"legs together, hands low", "legs together, a hand raised", "legs together, a hand up",
	"legs apart, hands low", "legs apart, a hand raised", "legs apart, a hand up",
	"legs bent, hands low", "legs bent, a hand raised", "legs bent, a hand up",
	"lying",
}

// class returns the number of a posture in filmPoses. A leg is bent where hip and ankle are nearer than 0.87 of its length; legs are apart where their
// ankles are more than 0.3 of it farther apart than at rest. A hand is raised where it is no lower than an elbow that hangs, up where it is no lower
// than the shoulder. A body lies where its trunk is less than 40 degrees from level.
func (p *posture) class(b *body) int {
	trunk := p.of(b, boneTrunk, b.tip[boneTrunk]).sub(p.at[boneTrunk]).unit()
	if trunk.y < 0.64 {
		return len(filmPoses) - 1
	}
	long := b.pivot[boneThigh].y - b.pivot[boneFoot].y
	arm := b.pivot[boneUpperArm].y - b.pivot[boneForearm].y
	reach, hand := math.Inf(1), 0
	for k := range 2 {
		reach = math.Min(reach, p.at[boneFoot+k].sub(p.at[boneThigh+k]).length())
		low := p.at[boneUpperArm+k].y - p.of(b, boneForearm+k, b.tip[boneForearm+k]).y
		if low <= 0 {
			hand = 2
		} else if low <= arm {
			hand = max(hand, 1)
		}
	}
	legs := 0
	if p.at[boneFoot].sub(p.at[boneFoot+1]).length() > float64(0.3*long)+b.pivot[boneFoot].z-b.pivot[boneFoot+1].z {
		legs = 1
	}
	if reach < float64(0.87*long) {
		legs = 2
	}
	return 3*legs + hand
}
