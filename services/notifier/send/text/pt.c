#include "services/notifier/send/text/language.h"

const struct text_language text_pt = {
    .code = "pt",
    .units = {"d", "h", "min", "s"},
    .severities = {"CRÍTICO", "ERRO", "AVISO", "INFORMAÇÃO"},
    .risks = {"", "nenhum", "baixo", "elevado", "grave", "crítico"},
    .whats = {[TEXT_BREACHED] = "{metric} estourou o prazo",
              [TEXT_WARNED] = "{metric} está prestes a estourar o prazo",
              [TEXT_OPENED] = "um caso novo",
              [TEXT_WAITING] = "um caso que ninguém pode assumir",
              [TEXT_UNCONFIRMED] = "{metric} pode ter sido violado",
              [TEXT_SILENT] = "{about} não responde: não se sabe o que acontece lá",
              [TEXT_STOPPED] = "{about} já não é seguido: o seu registo não é o que era",
              [TEXT_PROVIDER] = "{about} não aceita avisos",
              [TEXT_UNREACHED] = "nenhum aviso de teste chegou a {about}",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Seu código para o Tocsin\n"
             "Alertas à espera desde as suas horas de silêncio: {digest}\n"
             "{?probe}Este alerta chega até você?\n"
             "O silêncio ou a manutenção {mute} termina em {mute_left}\n"
             "{?ends}Lembrete: \n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed} (não confirmado)\n"
             ", faltam {left}\n"
             ", atrasado {over}\n",
    .brief = "{?test}TEST: é um teste\n"
             "{?code}Seu código para o Tocsin: {code}\n"
             "As suas horas de silêncio acabaram. Alertas à espera: {digest}\n"
             "{?probe}Este alerta pergunta se chega até você.\n"
             "O silêncio ou a manutenção {mute} termina em {mute_left}; "
             "então toca o que foi retido.\n"
             "Sua confirmação expira em {ends}.\n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed}não confirmado: ainda pode estar no prazo\n"
             "representa mais {more}\n"
             "categoria {category}\n"
             "risco {risk}\n"
             "prazo {due}, faltam {left}\n"
             "o prazo era {due}, atrasado {over}\n"
             "chama {next} +{others} em {wait}\n"
             "chama {next} em {wait}{?single}\n"
             "{?last}você é a última pessoa deste caminho\n"
             "procedimento {sop}\n"
             "{link}\n"
             "tocsin ack {alert}{?typed}\n"
             "tocsin reach answer {answer}{?typed}\n",
    .full = "{?test}Isto é um teste (TEST). Confirme; nada mais precisa ser feito.\n"
            "{?code}Alguém pediu que os alertas cheguem a {person} aqui. Se foi você, confirme:\n"
            "{?code}\n"
            "    tocsin contact confirm {person} {method} {code}\n"
            "{?code}\n"
            "{?code}O código vale por 15 minutos. Se não foi você, não faça nada.\n"
            "As suas horas de silêncio acabaram. Alertas à espera: {digest}\n"
            "{?probe}Este alerta pergunta se chega até você. Não há nada de errado.\n"
            "O silêncio ou a manutenção {mute} termina em {mute_left}; "
            "então toca o que foi retido.\n"
            "Sua confirmação expira em {ends}; depois o alerta continua.\n"
            "{severity}: {what}\n"
            "{?unconfirmed}NÃO CONFIRMADO: as mensagens estão atrasadas; pode estar no prazo.\n"
            "Este alerta representa mais {more}.\n"
            "{?severity}\n"
            "Fila:         {queue}\n"
            "Categoria:    {category}\n"
            "Risco:        {risk}\n"
            "Prioridade:   {priority}\n"
            "Prazo:        {due} ({zone})\n"
            "Falta:        {left}\n"
            "Atraso:       {over}\n"
            "Depois:       chama {next} e mais {others} em {wait}\n"
            "Depois:       chama {next} em {wait}{?single}\n"
            "{?last}Depois:       ninguém; você é a última pessoa deste caminho\n"
            "Procedimento: {sop}\n"
            "Caso:         {issue}\n"
            "{?alert}\n"
            "Confirmar:    {link}{?alert}\n"
            "Confirmar:    tocsin ack {alert}\n"
            "{?probe}\n"
            "Responder:    {link}{?probe}\n"
            "Responder:    tocsin reach answer {answer}\n",
    .words = {[WORD_DOCUMENT] = "Alerta do Tocsin",
              [WORD_STATE] = "Estado",
              [WORD_UNTIL] = "Até",
              [WORD_DUE] = "Prazo",
              [WORD_QUEUE] = "Fila",
              [WORD_PRIORITY] = "Prioridade",
              [WORD_RISK] = "Risco",
              [WORD_CATEGORY] = "Categoria",
              [WORD_SOP] = "Procedimento",
              [WORD_STEP] = "Passo",
              [WORD_NEXT] = "Próximo passo",
              [WORD_ISSUE] = "Caso",
              [WORD_OPENED] = "Aberto",
              [WORD_ALERT] = "Alerta",
              [WORD_READER] = "Para",
              [WORD_OPEN] = "ninguém respondeu ainda",
              [WORD_THROUGH] = "ninguém respondeu e o caminho terminou",
              [WORD_ACKED] = "confirmado",
              [WORD_TAKEN] = "assumido",
              [WORD_SNOOZED] = "adiado",
              [WORD_ESCALATED] = "escalado",
              [WORD_RESOLVED] = "resolvido",
              [WORD_NOTED] = "anotado",
              [WORD_ALREADY] = "já",
              [WORD_IN] = "em {}",
              [WORD_AGO] = "há {}",
              [WORD_ACK] = "Confirmar",
              [WORD_TAKE] = "Assumir",
              [WORD_SNOOZE] = "Adiar",
              [WORD_ESCALATE] = "Escalar agora",
              [WORD_RESOLVE] = "Resolver",
              [WORD_NOTE] = "Adicionar a nota",
              [WORD_SNOOZE_FOR] = "Adiar por",
              [WORD_NOTE_TEXT] = "Nota: um código ou uma referência, sem nomes",
              [WORD_GROUP] = "O mesmo para todo o grupo, mais {}",
              [WORD_MORE] = "Mais",
              [WORD_ONCE] =
                  "Um link faz uma só coisa e aceita uma nota, para a pessoa que o recebeu.",
              [WORD_AGAIN] = "Ver de novo",
              [WORD_LATER] = "Está registrado e terá efeito em instantes.",
              [WORD_NOT_DONE] = "não foi feito",
              [WORD_NO_LINK] = "Isto não é o link de um alerta: talvez esteja cortado.",
              [WORD_EXPIRED] = "Este link expirou: passou uma semana desde o alerta.",
              [WORD_USED] = "Este link já foi usado:",
              [WORD_IS_RESOLVED] = "O alerta já está resolvido.",
              [WORD_IS_ACKED] = "Já está com outra pessoa.",
              [WORD_HAS_CHANGED] = "Mudou desde que você olhou.",
              [WORD_SNOOZE_OVER] = "O adiamento já teria terminado.",
              [WORD_SILENT] = "Ninguém recebeu ainda. Aperte de novo: é feito uma só vez.",
              [WORD_FULL] = "Já há coisas demais à espera. Aperte de novo.",
              [WORD_OFTEN] = "Pedidos demais deste endereço. Espere um pouco.",
              [WORD_UNCLEAR] = "Isto não foi entendido.",
              [WORD_SENT] = "Enviado",
              [WORD_CAME] = "Chegou até mim",
              [WORD_ANSWERED] = "respondido",
              [WORD_PROBE_OVER] = "Este teste terminou. Nada precisa ser feito."},
};
