/* OSDI 0.3 as far as a device without hidden states and collapsing nodes needs it: layouts and flags of the
 * binary interface between a compiled Verilog-A model and a simulator. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { PARA_TY_REAL = 0, PARA_KIND_MODEL = 0, PARA_KIND_INST = 1 << 30 };
enum { ACCESS_FLAG_SET = 1, ACCESS_FLAG_INSTANCE = 4 };
enum { JACOBIAN_ENTRY_RESIST = 4, JACOBIAN_ENTRY_REACT = 8 };
enum { INIT_ERR_OUT_OF_BOUNDS = 1 };
enum { EVAL_RET_FLAG_LIM = 1 };

typedef struct {
  char **names;
  double *vals;
  char **names_str;
  char **vals_str;
} OsdiSimParas;

typedef struct {
  OsdiSimParas paras;
  double abstime;
  double *prev_solve;
  double *prev_state;
  double *next_state;
  uint32_t flags;
} OsdiSimInfo;

typedef struct {
  uint32_t code;
  uint32_t parameter_id;
} OsdiInitError;

typedef struct {
  uint32_t flags;
  uint32_t num_errors;
  OsdiInitError *errors; /* the simulator frees it */
} OsdiInitInfo;

typedef struct {
  uint32_t node_1; /* UINT32_MAX: ground */
  uint32_t node_2;
} OsdiNodePair;

typedef struct {
  OsdiNodePair nodes; /* equation, unknown */
  uint32_t react_ptr_off;
  uint32_t flags;
} OsdiJacobianEntry;

typedef struct {
  char *name;
  char *units;
  char *residual_units;
  uint32_t resist_residual_off; /* UINT32_MAX: none; so below */
  uint32_t react_residual_off;
  uint32_t resist_limit_rhs_off;
  uint32_t react_limit_rhs_off;
  bool is_flow;
} OsdiNode;

typedef struct {
  char **name; /* the name, then num_alias others */
  uint32_t num_alias;
  char *description;
  char *units;
  uint32_t flags;
  uint32_t len; /* 0: a scalar */
} OsdiParamOpvar;

typedef struct {
  char *name;
  OsdiNodePair nodes;
} OsdiNoiseSource;

typedef struct {
  char *name;
  uint32_t num_nodes, num_terminals;
  OsdiNode *nodes;
  uint32_t num_jacobian_entries;
  OsdiJacobianEntry *jacobian_entries;
  uint32_t num_collapsible;
  OsdiNodePair *collapsible;
  uint32_t collapsed_offset;
  OsdiNoiseSource *noise_sources;
  uint32_t num_noise_src;
  uint32_t num_params, num_instance_params, num_opvars; /* instance parameters come first */
  OsdiParamOpvar *param_opvar;
  uint32_t node_mapping_offset, jacobian_ptr_resist_offset;
  uint32_t num_states, state_idx_off;
  uint32_t bound_step_offset;
  uint32_t instance_size, model_size;
  void *(*access)(void *instance, void *model, uint32_t id, uint32_t flags);
  void (*setup_model)(void *handle, void *model, OsdiSimParas *simulator, OsdiInitInfo *result);
  void (*setup_instance)(void *handle, void *instance, void *model, double temperature, uint32_t num_terminals,
                         OsdiSimParas *simulator, OsdiInitInfo *result);
  uint32_t (*eval)(void *handle, void *instance, void *model, OsdiSimInfo *info);
  void (*load_noise)(void *instance, void *model, double frequency, double *density);
  void (*load_residual_resist)(void *instance, void *model, double *destination);
  void (*load_residual_react)(void *instance, void *model, double *destination);
  void (*load_limit_rhs_resist)(void *instance, void *model, double *destination);
  void (*load_limit_rhs_react)(void *instance, void *model, double *destination);
  void (*load_spice_rhs_dc)(void *instance, void *model, double *destination, double *solution);
  void (*load_spice_rhs_tran)(void *instance, void *model, double *destination, double *solution, double alpha);
  void (*load_jacobian_resist)(void *instance, void *model);
  void (*load_jacobian_react)(void *instance, void *model, double alpha);
  void (*load_jacobian_tran)(void *instance, void *model, double alpha);
} OsdiDescriptor;
