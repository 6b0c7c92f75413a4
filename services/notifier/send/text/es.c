#include "services/notifier/send/text/language.h"

const struct text_language text_es = {
    .code = "es",
    .units = {"d", "h", "min", "s"},
    .severities = {"CRÍTICO", "ERROR", "AVISO", "INFORMACIÓN"},
    .risks = {"", "ninguno", "bajo", "elevado", "grave", "crítico"},
    .whats = {[TEXT_BREACHED] = "se incumplió {metric}",
              [TEXT_WARNED] = "{metric} está a punto de incumplirse",
              [TEXT_OPENED] = "un caso nuevo",
              [TEXT_WAITING] = "un caso que nadie puede tomar",
              [TEXT_UNCONFIRMED] = "puede que se haya incumplido {metric}",
              [TEXT_SILENT] = "{about} no responde: no se sabe qué ocurre allí",
              [TEXT_STOPPED] = "ya no se sigue a {about}: su registro no es el que era",
              [TEXT_PROVIDER] = "{about} no acepta avisos",
              [TEXT_UNREACHED] = "ningún aviso de prueba ha llegado a {about}",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Su código para Tocsin\n"
             "Avisos que esperan desde sus horas de silencio: {digest}\n"
             "{?probe}¿Le llega este aviso?\n"
             "El silencio o mantenimiento {mute} termina en {mute_left}\n"
             "{?ends}Recordatorio: \n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed} (sin confirmar)\n"
             ", quedan {left}\n"
             ", con {over} de retraso\n",
    .brief = "{?test}TEST: es una prueba\n"
             "{?code}Su código para Tocsin: {code}\n"
             "Sus horas de silencio han terminado. Avisos que esperan: {digest}\n"
             "{?probe}Este aviso pregunta si le llega.\n"
             "El silencio o mantenimiento {mute} termina en {mute_left}; entonces suena lo que "
             "retiene.\n"
             "Su confirmación vence en {ends}.\n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed}sin confirmar: aún puede estar en plazo\n"
             "representa {more} más\n"
             "categoría {category}\n"
             "riesgo {risk}\n"
             "vence {due}, quedan {left}\n"
             "venció {due}, con {over} de retraso\n"
             "avisa a {next} +{others} en {wait}\n"
             "avisa a {next} en {wait}{?single}\n"
             "{?last}usted es la última persona de esta ruta\n"
             "procedimiento {sop}\n"
             "{link}\n"
             "tocsin ack {alert}{?typed}\n"
             "tocsin reach answer {answer}{?typed}\n",
    .full = "{?test}Esto es una prueba (TEST). Confírmela; no hay que hacer nada más.\n"
            "{?code}Alguien pidió que los avisos lleguen a {person} aquí. Si fue usted, confirme:\n"
            "{?code}\n"
            "    tocsin contact confirm {person} {method} {code}\n"
            "{?code}\n"
            "{?code}El código vale 15 minutos. Si no fue usted, no haga nada.\n"
            "Sus horas de silencio han terminado. Avisos que esperan: {digest}\n"
            "{?probe}Este aviso pregunta si le llega. No pasa nada.\n"
            "El silencio o mantenimiento {mute} termina en {mute_left}; entonces suena lo que "
            "retiene.\n"
            "Su confirmación vence en {ends}; después la alerta sigue.\n"
            "{severity}: {what}\n"
            "{?unconfirmed}SIN CONFIRMAR: los mensajes llegan tarde y aún puede estar en plazo.\n"
            "Este aviso representa {more} más.\n"
            "{?severity}\n"
            "Cola:          {queue}\n"
            "Categoría:     {category}\n"
            "Riesgo:        {risk}\n"
            "Prioridad:     {priority}\n"
            "Plazo:         {due} ({zone})\n"
            "Queda:         {left}\n"
            "Retraso:       {over}\n"
            "Después:       avisa a {next} y {others} más en {wait}\n"
            "Después:       avisa a {next} en {wait}{?single}\n"
            "{?last}Después:       a nadie; usted es la última persona de esta ruta\n"
            "Procedimiento: {sop}\n"
            "Caso:          {issue}\n"
            "{?alert}\n"
            "Confirmar:     {link}{?alert}\n"
            "Confirmar:     tocsin ack {alert}\n"
            "{?probe}\n"
            "Responder:     {link}{?probe}\n"
            "Responder:     tocsin reach answer {answer}\n",
    .words = {[WORD_DOCUMENT] = "Alerta de Tocsin",
              [WORD_STATE] = "Estado",
              [WORD_UNTIL] = "Hasta",
              [WORD_DUE] = "Plazo",
              [WORD_QUEUE] = "Cola",
              [WORD_PRIORITY] = "Prioridad",
              [WORD_RISK] = "Riesgo",
              [WORD_CATEGORY] = "Categoría",
              [WORD_SOP] = "Procedimiento",
              [WORD_STEP] = "Paso",
              [WORD_NEXT] = "Paso siguiente",
              [WORD_ISSUE] = "Caso",
              [WORD_OPENED] = "Abierta",
              [WORD_ALERT] = "Alerta",
              [WORD_READER] = "Para",
              [WORD_OPEN] = "nadie ha respondido todavía",
              [WORD_THROUGH] = "nadie respondió y la ruta terminó",
              [WORD_ACKED] = "confirmada",
              [WORD_TAKEN] = "asumida",
              [WORD_SNOOZED] = "pospuesta",
              [WORD_ESCALATED] = "escalada",
              [WORD_RESOLVED] = "resuelta",
              [WORD_NOTED] = "anotada",
              [WORD_ALREADY] = "ya",
              [WORD_IN] = "dentro de {}",
              [WORD_AGO] = "hace {}",
              [WORD_ACK] = "Confirmar",
              [WORD_TAKE] = "Asumir",
              [WORD_SNOOZE] = "Posponer",
              [WORD_ESCALATE] = "Escalar ahora",
              [WORD_RESOLVE] = "Resolver",
              [WORD_NOTE] = "Añadir la nota",
              [WORD_SNOOZE_FOR] = "Posponer durante",
              [WORD_NOTE_TEXT] = "Nota: un código o una referencia, sin nombres",
              [WORD_GROUP] = "Lo mismo para todo su grupo, {} más",
              [WORD_MORE] = "Más",
              [WORD_ONCE] =
                  "Un enlace hace una sola cosa y admite una nota, para la persona que lo recibió.",
              [WORD_AGAIN] = "Volver a mirar",
              [WORD_LATER] = "Queda registrado y tendrá efecto enseguida.",
              [WORD_NOT_DONE] = "no se hizo",
              [WORD_NO_LINK] = "Esto no es el enlace de un aviso: puede estar cortado.",
              [WORD_EXPIRED] = "Este enlace ha caducado: pasó una semana desde su aviso.",
              [WORD_USED] = "Este enlace ya se usó:",
              [WORD_IS_RESOLVED] = "La alerta ya está resuelta.",
              [WORD_IS_ACKED] = "Ya la tiene otra persona.",
              [WORD_HAS_CHANGED] = "Ha cambiado desde que usted la vio.",
              [WORD_SNOOZE_OVER] = "El aplazamiento ya habría terminado.",
              [WORD_SILENT] = "Nadie lo ha recibido todavía. Pulse de nuevo: se hace una sola vez.",
              [WORD_FULL] = "Ya hay demasiado en espera. Pulse de nuevo.",
              [WORD_OFTEN] = "Demasiadas peticiones desde esta dirección. Espere un poco.",
              [WORD_UNCLEAR] = "Esto no se entendió.",
              [WORD_SENT] = "Enviado",
              [WORD_CAME] = "Me ha llegado",
              [WORD_ANSWERED] = "contestado",
              [WORD_PROBE_OVER] = "Esta prueba ha terminado. No hay que hacer nada."},
};
