import type { Catalogue } from './en.ts'

/** Beside a record’s own sentence, which the server has in English. */
export const rejections: Catalogue['rejections'] = {
  'org-unit-missing': {
    title: 'O registo não tem unidade organizacional',
    remedy: 'Indique a unidade sanitária do paciente no Bahmni e execute o Bahmni Mart de novo.',
  },
  'org-unit-unknown': {
    title: 'O DHIS2 não tem nenhuma unidade organizacional com este código',
    remedy: 'Corrija a unidade sanitária no Bahmni, ou dê este código à unidade organizacional no DHIS2; depois envie de novo.',
  },
  'org-unit-not-in-program': {
    title: 'O programa não está atribuído a esta unidade organizacional',
    remedy: 'Peça ao administrador do DHIS2 que atribua o programa à unidade organizacional, ou corrija a unidade sanitária no Bahmni.',
  },
  'field-unknown': {
    title: 'O mapeamento indica um UID que o DHIS2 não tem',
    remedy: 'Corrija o UID desta coluna no mapeamento.',
  },
  'field-not-in-stage': {
    title: 'O elemento de dados não pertence a esta etapa do programa',
    remedy: 'Corrija o mapeamento desta coluna, ou adicione o elemento de dados à etapa do programa no DHIS2.',
  },
  'program-missing': {
    title: 'A linha não indica nenhum programa',
    remedy: 'Corrija o programa da linha no SQL do Mart, ou dê à tabela um valor fixo no mapeamento.',
  },
  'program-unknown': {
    title: 'O DHIS2 não tem este programa para a nossa conta',
    remedy: 'Corrija o UID do programa no SQL do Mart ou no mapeamento, ou dê à conta acesso ao programa.',
  },
  'stage-missing': {
    title: 'A linha não indica nenhuma etapa do programa',
    remedy: 'Corrija a etapa do programa da linha no SQL do Mart, ou dê à tabela um valor fixo no mapeamento.',
  },
  'stage-unknown': {
    title: 'O programa não tem esta etapa',
    remedy: 'Corrija o UID da etapa do programa no SQL do Mart ou no mapeamento.',
  },
  'type-unknown': {
    title: 'Não se conhece o tipo de entidade rastreada',
    remedy: 'Dê a DHIS2_TRACKED_ENTITY_TYPE o UID do tipo de entidade rastreada que os pacientes têm no DHIS2.',
  },
  'value-invalid': {
    title: 'O valor não corresponde ao tipo de valor do DHIS2',
    remedy: 'Corrija o valor no Bahmni, ou mapeie a coluna para um campo do tipo certo.',
  },
  'value-too-long': { title: 'O valor é mais comprido do que o DHIS2 aceita', remedy: 'Encurte o valor no Bahmni.' },
  'value-not-an-option': {
    title: 'O valor não está na lista de opções do DHIS2',
    remedy: 'Corrija a resposta no Bahmni, traduza-a no mapeamento, ou adicione a opção à lista de opções no DHIS2.',
  },
  'mandatory-missing': { title: 'O DHIS2 exige aqui um valor', remedy: 'Preencha o valor no Bahmni.' },
  'date-missing': { title: 'Falta uma data que o DHIS2 exige', remedy: 'Preencha a data no Bahmni.' },
  'date-invalid': { title: 'A data não é uma data válida', remedy: 'Corrija a data no Bahmni.' },
  'date-in-future': { title: 'A data está no futuro', remedy: 'Corrija a data no Bahmni.' },
  'status-unknown': {
    title: 'O estado não é um dos que o DHIS2 conhece',
    remedy: 'Use ACTIVE, COMPLETED ou CANCELLED no SQL do Mart.',
  },
  'identifier-missing': { title: 'A linha não tem identificador', remedy: 'Corrija o identificador da linha no SQL do Mart.' },
  'duplicate-rows': {
    title: 'O Mart tem várias linhas para este registo, e são diferentes',
    remedy: 'Faça com que o SQL do Mart dê uma só linha por registo.',
  },
  'same-value-in-run': {
    title: 'Dois pacientes têm o mesmo valor de identificação',
    remedy: 'Veja no Bahmni se é uma só pessoa registada duas vezes, e corrija os dois ou una-os num só.',
  },
  'taken-by-other-patient': {
    title: 'A entidade rastreada encontrada no DHIS2 é de outro paciente',
    remedy: 'Mesmo identificador, pessoa diferente: compare os dois pacientes no Bahmni e corrija o identificador de um deles.',
  },
  'tracked-entity-shared': {
    title: 'Vários pacientes estão ligados à mesma entidade rastreada',
    remedy: 'Um administrador tem de decidir de quem é, e retirar a linha errada da tabela instance_tracker.',
  },
  'belongs-to-other-patient': {
    title: 'Segundo a tabela de rastreio, este registo pertence à entidade rastreada de outra pessoa',
    remedy: 'Dois pacientes foram unidos num só no Bahmni? Um administrador tem de corrigir a linha da tabela de rastreio.',
  },
  'patient-not-found': {
    title: 'O Mart não tem nenhuma linha de paciente para este registo',
    remedy: 'Execute o Bahmni Mart de novo; se o paciente continuar a faltar, corrija o SQL da tabela dos pacientes.',
  },
  'enrollment-not-found': {
    title: 'Evento sem a sua inscrição',
    remedy:
      'O Mart não tem nenhuma inscrição com o patient_program_id deste evento, nem com o seu paciente e a sua data de inscrição. Corrija-o no Bahmni ou no SQL do Mart.',
  },
  'several-active': {
    title: 'Duas inscrições activas de um paciente no mesmo programa',
    remedy: 'O DHIS2 permite uma só inscrição activa: conclua uma das duas no Bahmni.',
  },
  conflict: {
    title: 'O DHIS tem outra inscrição activa a decorrer',
    remedy: 'Contacte a equipa de administração: conclua ou cancele uma das duas inscrições no DHIS2 e depois envie de novo.',
  },
  'second-in-single-stage': {
    title: 'Um segundo evento numa etapa que o DHIS2 permite uma só vez por inscrição',
    remedy: 'Retire o segundo formulário no Bahmni, ou torne a etapa do programa repetível no DHIS2.',
  },
  'event-needs-active-enrollment': {
    title: 'Este DHIS2 não pode adicionar um evento a uma inscrição quando há outra activa',
    remedy: 'Conclua primeiro a inscrição activa do paciente, ou use o DHIS2 2.36 ou mais recente, onde isto é possível.',
  },
  gone: {
    title: 'O registo foi eliminado no DHIS2',
    remedy:
      'Se a eliminação foi um engano, recupere-o no DHIS2; senão, um administrador tem de retirar a sua linha da tabela de rastreio para que possa ser criado de novo.',
  },
  'unique-taken': {
    title: 'O valor tem de ser único, e outra pessoa já o tem no DHIS2',
    remedy: 'Procure no DHIS2 a pessoa com este valor: corrija o identificador no Bahmni ou no DHIS2.',
  },
  'no-access': {
    title: 'A nossa conta do DHIS2 não pode escrever este registo',
    remedy: 'Peça ao administrador do DHIS2 que dê à conta acesso de introdução de dados à unidade organizacional e ao programa.',
  },
  'refused-by-dhis2': {
    title: 'O DHIS2 recusou o registo',
    remedy: 'Leia a frase do DHIS2; se não ajudar, pergunte ao administrador do DHIS2.',
  },
  undigestible: {
    title: 'O DHIS2 falha com este registo sem dizer porquê',
    remedy: 'Procure caracteres ou datas estranhos no registo; a razão está no log do próprio DHIS2.',
  },
  'parent-rejected': {
    title: 'Não enviado, porque aquilo a que pertence foi recusado',
    remedy: 'Corrija o registo do paciente ou da inscrição; este segue por si.',
  },
}
