/* The device behind the interface.  Before this come, for one module: NAME; NODES, PORTS, ENTRIES (of the Jacobian),
 * PARAMETERS, FIXED (values that parameters fix) and NOISES as numbers; NODE_TABLE, ENTRY_TABLE, PARAMETER_TABLE and
 * NOISE_TABLE as calls of NODE, ENTRY, PARAMETER and NOISE; and the functions fix(), equations() and noise(). */

typedef struct {
  double parameters[PARAMETERS + 1];
  bool given[PARAMETERS + 1];
  double fixed[FIXED + 1];
} Model;

typedef struct {
  double factor; /* $mfactor: devices in parallel */
  bool factor_given;
  double temperature, time;
  double voltages[NODES]; /* of the last evaluation */
  double currents[NODES], charges[NODES];
  double conductances[ENTRIES + 1], capacitances[ENTRIES + 1];
  double *resistive[ENTRIES + 1], *reactive[ENTRIES + 1]; /* matrix elements, the simulator's */
  uint32_t places[NODES];                                 /* of the nodes in its vectors */
  uint32_t states;
  bool collapsed;
} Instance;

#define ENTRY(row, column, number, charge) {row, column},
static const OsdiNodePair PAIRS[ENTRIES + 1] = {ENTRY_TABLE};
#undef ENTRY

static void *access(void *instance, void *model, uint32_t id, uint32_t flags) {
  if (id == 0) {
    Instance *i = instance;
    if (!i) return NULL;
    if (flags & ACCESS_FLAG_SET) i->factor_given = true;
    return &i->factor;
  }
  Model *m = model;
  if (!m || id > PARAMETERS) return NULL;
  if (flags & ACCESS_FLAG_SET) m->given[id - 1] = true;
  return &m->parameters[id - 1];
}

static void setup_model(void *handle, void *model, OsdiSimParas *simulator, OsdiInitInfo *result) {
  Model *m = model;
  OsdiInitError *errors = malloc((PARAMETERS + 1) * sizeof(OsdiInitError));
  uint32_t count = 0;
  double x;
#define PARAMETER(number, name, preset, inside, unit, description)                   \
  if (!m->given[number]) m->parameters[number] = preset;                             \
  x = m->parameters[number];                                                         \
  if (!(inside)) errors[count++] = (OsdiInitError){INIT_ERR_OUT_OF_BOUNDS, number + 1};
  PARAMETER_TABLE
#undef PARAMETER
  (void)x;
  if (!count) {
    free(errors);
    errors = NULL;
  }
  *result = (OsdiInitInfo){0, count, errors};
  fix(m->parameters, m->fixed);
}

static void setup_instance(void *handle, void *instance, void *model, double temperature, uint32_t num_terminals,
                           OsdiSimParas *simulator, OsdiInitInfo *result) {
  Instance *i = instance;
  if (!i->factor_given) i->factor = 1;
  i->temperature = temperature;
  *result = (OsdiInitInfo){0, 0, NULL};
}

/* ngspice tests the convergence of its own devices, of these that of their nodes alone, which a precession passes after
 * two iterations: the error left in each time step is more than that of the integration.  So a device asks for another
 * iteration, with the flag of a limited voltage, until its currents and charges are what the last evaluation's slopes
 * predict: to 1e-9 of the terms they are made of, or to 1e-12 A and 1e-20 C. */
static void predict(const double *slopes, const double *voltages, const double *step, double *values, double *terms) {
  for (int n = 0; n < NODES; n++) terms[n] = fabs(values[n]);
  for (int e = 0; e < ENTRIES; e++) {
    values[PAIRS[e].node_1] += slopes[e] * step[PAIRS[e].node_2];
    terms[PAIRS[e].node_1] += fabs(slopes[e] * voltages[PAIRS[e].node_2]);
  }
}

static bool are_near(const double *found, const double *predicted, const double *terms, double least) {
  for (int n = 0; n < NODES; n++)
    if (fabs(found[n] - predicted[n]) > 1e-9 * terms[n] + least) return false;
  return true;
}

static uint32_t eval(void *handle, void *instance, void *model, OsdiSimInfo *info) {
  Instance *i = instance;
  const Model *m = model;
  double step[NODES], currents[NODES], charges[NODES], of_currents[NODES], of_charges[NODES];
  i->time = info->abstime;
  for (int n = 0; n < NODES; n++) {
    step[n] = info->prev_solve[i->places[n]] - i->voltages[n];
    i->voltages[n] = info->prev_solve[i->places[n]];
    currents[n] = i->currents[n];
    charges[n] = i->charges[n];
  }
  predict(i->conductances, i->voltages, step, currents, of_currents);
  predict(i->capacitances, i->voltages, step, charges, of_charges);
  equations(m->parameters, m->fixed, i->voltages, i->time, i->temperature, i->currents, i->charges, i->conductances,
            i->capacitances);
  for (int n = 0; n < NODES; n++) {
    i->currents[n] *= i->factor;
    i->charges[n] *= i->factor;
  }
  for (int e = 0; e < ENTRIES; e++) {
    i->conductances[e] *= i->factor;
    i->capacitances[e] *= i->factor;
  }
  return are_near(i->currents, currents, of_currents, 1e-12) && are_near(i->charges, charges, of_charges, 1e-20)
             ? 0
             : EVAL_RET_FLAG_LIM;
}

static void load_nothing(void *instance, void *model, double *destination) {}

/* White: the root of the density is what noise() gives, whatever the frequency. */
static void load_noise(void *instance, void *model, double frequency, double *density) {
  const Instance *i = instance;
  const Model *m = model;
  noise(m->parameters, m->fixed, i->voltages, i->time, i->temperature, density);
  for (int n = 0; n < NOISES; n++) density[n] *= i->factor * density[n];
}

static void load_residual_resist(void *instance, void *model, double *destination) {
  const Instance *i = instance;
  for (int n = 0; n < NODES; n++) destination[i->places[n]] += i->currents[n];
}

static void load_residual_react(void *instance, void *model, double *destination) {
  const Instance *i = instance;
  for (int n = 0; n < NODES; n++) destination[i->places[n]] += i->charges[n];
}

/* Newton's right-hand side: (G + alpha C) v - i; the simulator subtracts the integrated charges itself. */
static void load_spice_rhs_tran(void *instance, void *model, double *destination, double *solution, double alpha) {
  const Instance *i = instance;
  for (int n = 0; n < NODES; n++) destination[i->places[n]] -= i->currents[n];
  for (int e = 0; e < ENTRIES; e++)
    destination[i->places[PAIRS[e].node_1]] +=
        (i->conductances[e] + alpha * i->capacitances[e]) * solution[i->places[PAIRS[e].node_2]];
}

static void load_spice_rhs_dc(void *instance, void *model, double *destination, double *solution) {
  load_spice_rhs_tran(instance, model, destination, solution, 0);
}

static void load_jacobian_resist(void *instance, void *model) {
  const Instance *i = instance;
  for (int e = 0; e < ENTRIES; e++) *i->resistive[e] += i->conductances[e];
}

static void load_jacobian_react(void *instance, void *model, double alpha) {
  const Instance *i = instance;
  for (int e = 0; e < ENTRIES; e++)
    if (i->reactive[e]) *i->reactive[e] += alpha * i->capacitances[e];
}

static void load_jacobian_tran(void *instance, void *model, double alpha) {
  const Instance *i = instance;
  for (int e = 0; e < ENTRIES; e++) *i->resistive[e] += i->conductances[e] + alpha * i->capacitances[e];
}

#define NODE(number, name, charge)                                                                    \
  {name, "V", "A", offsetof(Instance, currents[number]),                                              \
   charge ? offsetof(Instance, charges[number]) : UINT32_MAX, UINT32_MAX, UINT32_MAX, false},
static OsdiNode nodes[] = {NODE_TABLE};

#define ENTRY(row, column, number, charge)                                                            \
  {{row, column}, charge ? offsetof(Instance, reactive[number]) : UINT32_MAX,                         \
   JACOBIAN_ENTRY_RESIST | (charge ? JACOBIAN_ENTRY_REACT : 0)},
static OsdiJacobianEntry entries[ENTRIES + 1] = {ENTRY_TABLE};

#define NOISE(name, plus, minus) {name, {plus, minus}},
static OsdiNoiseSource noises[NOISES + 1] = {NOISE_TABLE};

#define PARAMETER(number, name, preset, inside, unit, description) \
  {(char *[]){name}, 0, description, unit, PARA_TY_REAL | PARA_KIND_MODEL, 0},
static OsdiParamOpvar parameters[] = {
    {(char *[]){"$mfactor"}, 0, "devices in parallel", "", PARA_TY_REAL | PARA_KIND_INST, 0}, PARAMETER_TABLE};

const uint32_t OSDI_VERSION_MAJOR = 0, OSDI_VERSION_MINOR = 3, OSDI_NUM_DESCRIPTORS = 1;
const OsdiDescriptor OSDI_DESCRIPTORS[1] = {{
    .name = NAME,
    .num_nodes = NODES,
    .num_terminals = PORTS,
    .nodes = nodes,
    .num_jacobian_entries = ENTRIES,
    .jacobian_entries = entries,
    .collapsed_offset = offsetof(Instance, collapsed),
    .noise_sources = noises,
    .num_noise_src = NOISES,
    .num_params = PARAMETERS + 1,
    .num_instance_params = 1,
    .param_opvar = parameters,
    .node_mapping_offset = offsetof(Instance, places),
    .jacobian_ptr_resist_offset = offsetof(Instance, resistive),
    .state_idx_off = offsetof(Instance, states),
    .bound_step_offset = UINT32_MAX,
    .instance_size = sizeof(Instance),
    .model_size = sizeof(Model),
    .access = access,
    .setup_model = setup_model,
    .setup_instance = setup_instance,
    .eval = eval,
    .load_noise = load_noise,
    .load_residual_resist = load_residual_resist,
    .load_residual_react = load_residual_react,
    .load_limit_rhs_resist = load_nothing,
    .load_limit_rhs_react = load_nothing,
    .load_spice_rhs_dc = load_spice_rhs_dc,
    .load_spice_rhs_tran = load_spice_rhs_tran,
    .load_jacobian_resist = load_jacobian_resist,
    .load_jacobian_react = load_jacobian_react,
    .load_jacobian_tran = load_jacobian_tran,
}};
