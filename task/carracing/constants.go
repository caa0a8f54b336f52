package carracing

// World and car in the numbers of the original. The world ones are binary64,
// written as the original computes them, left to right; constants_test.go
// repeats each computation at run time.
const (
	// MaxTiles bounds the length of a track, so that an environment is a plain
	// value: twice the longest of three million (see generate).
	MaxTiles = 1024

	stepsPerSecond = 50
	timeStep       = 1.0 / stepsPerSecond // s

	pi64        = 0x1.921FB54442D18p1 // as math.pi is, not math.Pi
	worldScale  = 6.0                 // what the original divides its pixel sizes by
	trackRadius = 900 / worldScale    // of the circle that checkpoints scatter on
	playfield   = 2000 / worldScale   // half edge of the square that ends the world
	trackStep   = 21 / worldScale     // between two points of the track
	turnRate    = 0.31                // rad, the most a track turns per point
	sharpTurn   = 0.062               // rad, a fifth of it: such bends get kerbs
	roadHalf    = 40 / worldScale     // half width of the road
	kerbWidth   = 8 / worldScale      // beside the road, in sharp bends
	kerbRun     = 4                   // points of turning before a kerb starts
	grassEdge   = 16.666666666666664  // playfield/20: of a square of darker grass
	checkpoints = 12                  // that a track winds through
	maxPoints   = 2500                // of one attempt at a track

	// zoomFar and zoomNear are pixels per unit at the start of an episode and
	// after a second of it: 0.1 and 2.7 times worldScale.
	zoomFar  = 0.6000000000000001
	zoomNear = 16.200000000000003
	// clipMargin is how far outside of the picture polygons may lie whole and
	// still be drawn: the diagonal of a grass patch, in pixels.
	clipMargin = 381.8376618407356

	carScale        = 0.02
	wheelRadius     = 0.54
	wheelHalfWidth  = 0.28
	enginePower     = 40000.0
	wheelInertia    = 1.6 // of the wheel model, not of the wheel's body
	gripRoad        = 400.0
	gripGrass       = 240.0
	slipStiffness   = 82.0 // force per unit of slip speed
	brakeForce      = 15.0
	lockingBrake    = 0.9 // from here on the brake stops the wheel at once
	gasRise         = 0.1 // the most that gas rises in a step
	steerGain       = 50.0
	steerSpeed      = 3.0 // rad/s
	wheelMotorLimit = 64.8

	stepCost      = 0.1    // taken from the return at every step
	roadReward    = 1000.0 // shared by all tiles
	leavingReward = -100.0 // replaces the reward of the step that leaves the field

	// DefaultLapCompletePercent is Gymnasium's share of tiles that makes a lap.
	DefaultLapCompletePercent = 0.95
)

// Box2D's settings, binary32.
const (
	physicsStep        float32 = 0.02
	velocitySweeps             = 180
	positionSweeps             = 60
	pi32               float32 = 3.14159265359
	linearSlop         float32 = 0.005
	angularSlop        float32 = 2.0 / 180.0 * pi32
	maxCorrection      float32 = 8.0 / 180.0 * pi32
	maxTranslation     float32 = 2
	maxRotation        float32 = 0.5 * pi32
	sleepLinear        float32 = 0.01
	sleepAngular       float32 = 2.0 / 180.0 * pi32
	timeToSleep        float32 = 0.5
	polygonSkin        float32 = 2 * linearSlop
	touchTolerance     float32 = 10 * epsilon32
	epsilon32          float32 = 0x1p-23
	steeringLimit      float32 = 0.4
	maxMotorImpulse    float32 = physicsStep * wheelMotorLimit
	weldDistanceSquare float32 = 0.5 * linearSlop
)
