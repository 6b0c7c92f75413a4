#include "common/plant.h"

#ifdef TOCSIN_PLANT
enum toc_plant toc_planted = TOC_PLANT_NONE;
#endif

_Static_assert(TOC_PLANT_COUNT > 10, "the simulator is kept honest by more than ten of them");
